typedef int mf_stub_source;
