typedef int mf_stub_qmi;
