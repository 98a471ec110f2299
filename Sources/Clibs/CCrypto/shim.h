#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// EVP_EC_gen is a macro around a call with a variable number of arguments, which Swift cannot read.
static inline EVP_PKEY *tidegate_make_p256(void) { return EVP_EC_gen("P-256"); }

// Macros around calls, which Swift cannot read either.

// TLS 1.2 at least and no renegotiation, and writing as write(2) does: a part, from wherever it stands.
static inline void tidegate_tls_settle(SSL_CTX *context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// Has the client say which host it wants. 1 when it will.
static inline int tidegate_tls_ask_for(SSL *session, const char *host) {
    return (int)SSL_set_tlsext_host_name(session, host);
}
