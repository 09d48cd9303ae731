typedef int mf_stub_transfer;
