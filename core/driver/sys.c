typedef int mf_stub_sys;
