#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

// Generates self-signed certificates, so that the repository contains no keys and none expires.
namespace fovea::tests {

struct KeyPair {
  std::string certificate, key;  // PEM
};

inline std::string pem_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// Valid from `from` to `to`, in seconds from now.
inline KeyPair make_certificate(long from = -3600, long to = 3600, const char* name = "localhost",
                                const EVP_CIPHER* cipher = nullptr) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> key_text(BIO_new(BIO_s_mem()), BIO_free);
  if (!key || !certificate || !text || !key_text) throw std::runtime_error("no memory");
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    throw std::runtime_error("cannot sign a certificate");
  }
  PEM_write_bio_X509(text.get(), certificate.get());
  unsigned char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), cipher,
                                reinterpret_cast<char*>(passphrase), cipher ? 6 : 0, nullptr,
                                nullptr);
  return {pem_text(text.get()), pem_text(key_text.get())};
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace fovea::tests
