typedef int mf_stub_port;
