/* Local (unix) datagram sockets by a path of any length: sun_path ends at 108 bytes, a simulator's
 * root need not. Not a driver, as wait.h: both sys and uevent stand on it. */
#ifndef MF_DRIVER_LOCAL_H
#define MF_DRIVER_LOCAL_H

/* A datagram socket, non-blocking and close-on-exec, bound to `path`, which must not exist, or
 * connected to it from an address of its own. Returns a descriptor, or -1 and errno. */
int mf_local_bind(const char *path);
int mf_local_connect(const char *path);

#endif
