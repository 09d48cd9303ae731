typedef int mf_stub_verified;
