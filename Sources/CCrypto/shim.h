#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

// EVP_EC_gen is a macro around a call with a variable number of arguments, which Swift cannot read.
static inline EVP_PKEY *tidegate_make_p256(void) { return EVP_EC_gen("P-256"); }
