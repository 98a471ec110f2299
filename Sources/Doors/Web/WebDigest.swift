import CCrypto

/// What libcrypto does for the web server's secrets.
enum WebDigest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        // Sound: the call reads as many bytes as it is told and writes 32, which the array has.
        _ = unsafe SHA256(bytes, bytes.count, &digest)
        return digest
    }

    /// Whether two are the same, in a time that does not depend on where they differ.
    static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // Sound: both have as many bytes as are compared.
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// What a password is stretched by.
    ///
    /// Source: OWASP Password Storage Cheat Sheet: N = 2^14, r = 8, p = 5, which takes 16 MiB and 50 to 500 ms.
    struct Cost: Hashable, Sendable {
        var logN = 14
        var r = 8
        var p = 5
    }

    /// scrypt (RFC 7914), 32 bytes. Takes its time and memory on the calling thread.
    /// - Returns: Nil when there is not so much memory.
    static func scrypt(_ password: [UInt8], salt: [UInt8], _ cost: Cost) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: 32)
        let (n, r) = (UInt64(1) << UInt64(cost.logN), UInt64(cost.r))
        let text = password.map { CChar(bitPattern: $0) }
        // Sound: the call reads as many bytes as it is told and writes 32, which the array has.
        let isDone = unsafe EVP_PBE_scrypt(
            text, text.count, salt, salt.count, n, r, UInt64(cost.p),
            128 * r * (n + UInt64(cost.p) + 2) + 1 << 20, &key, key.count)
        return isDone == 1 ? key : nil
    }
}
