"""A certificate authority of the tests' own, which is also the certificate of localhost, 127.0.0.1 and 127.0.0.2 until 2120."""

import ssl
from pathlib import Path

KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo+zN2hBvHSr+te9/
3x3ScH8gBhlLgOG/s7wTGbaMMp6hRANCAASHqRFUj+xy8TAy9p+1G+x9kRQXkhD3
az+CaQD1YrLU+cPkFShQAVow1MgaKyWn/zBG877eyserj5J9Ck9Y0ceZ
-----END PRIVATE KEY-----
"""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBhjCCAS2gAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5TYWdhcGFj
dCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOU2FnYXBhY3QgdGVzdHMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASH
qRFUj+xy8TAy9p+1G+x9kRQXkhD3az+CaQD1YrLU+cPkFShQAVow1MgaKyWn/zBG
877eyserj5J9Ck9Y0ceZo2QwYjAgBgNVHREEGTAXgglsb2NhbGhvc3SHBH8AAAGH
BH8AAAIwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwHQYDVR0OBBYE
FI55dE9D9GFiokR1FCruH8FVVQtHMAoGCCqGSM49BAMCA0cAMEQCIAPgiE47xAYq
0vpM6SiwyqsWwhnAaQOSVE84YxhoR6HJAiBd/kF0Xy3vYmgSW/lkU7XxswFFenLU
qYmmKWy53rDehQ==
-----END CERTIFICATE-----
"""


def ca_file(folder: Path) -> Path:
    """Write the CA's certificate; SSL_CERT_FILE may name it."""
    file = folder / "ca.pem"
    file.write_text(CERTIFICATE)
    return file


def serving(folder: Path) -> ssl.SSLContext:
    """Give what a server of localhost needs."""
    file = folder / "server.pem"
    file.write_text(KEY + CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
