/* The request to stop: SIGINT and SIGTERM as a descriptor that waits can watch, and a count. One
 * for the whole process, whatever Lua states there are. */
#ifndef MF_DRIVER_SIGNALS_H
#define MF_DRIVER_SIGNALS_H

/* Catches SIGINT and SIGTERM and ignores SIGHUP and SIGPIPE: losing the terminal does not stop a
 * transfer. May be called again. Returns the interrupt descriptor, the same each time, or -1 and
 * errno. It becomes readable with a caught signal and stays so until mf_clear_interrupt. */
int mf_catch_signals(void);

/* How many signals were caught, and the number of the last, 0 for none. */
int mf_interrupts(int *last);

/* Makes the interrupt descriptor quiet until the next signal. The count stays. */
void mf_clear_interrupt(void);

/* While on, waits are not ended by signals: what has come is cleared, what comes is only counted. For
 * work that must not be left half done and that ends by itself. */
void mf_shield(int on);

/* "TERM" or "SIGTERM" to its number, 0 when unknown; and the number to "SIGTERM", or NULL. */
int mf_signal_number(const char *name);
const char *mf_signal_name(int number);

#endif
