typedef int mf_stub_uevent;
