import CCrypto
import DriverKit
import Vocabulary

/// The keys of an encrypted P1 port.
public struct P1Key: Hashable, Sendable {
    /// Of the one meter, from the grid operator.
    public let key: [UInt8]
    /// The same for all meters of an operator.
    public let authentication: [UInt8]

    /// Reads hexadecimal digits, as grid operators write them; spaces and line ends are left out.
    /// - Returns: Nil for anything but 16 bytes each.
    public init?(key: String, authentication: String = P1Key.usualAuthentication) {
        guard let key = Self.bytes(key), let authentication = Self.bytes(authentication) else {
            return nil
        }
        (self.key, self.authentication) = (key, authentication)
    }

    /// Source: the Smarty P1 specification of Luxembourg.
    public static let usualAuthentication = "00112233445566778899AABBCCDDEEFF"

    private static func bytes(_ text: String) -> [UInt8]? {
        [UInt8](hex: text.filter { !$0.isWhitespace }).flatMap { $0.count == 16 ? $0 : nil }
    }
}

/// Encrypts and decrypts P1 telegrams: AES-128-GCM with a tag of 12 bytes.
///
/// - Source: the Smarty P1 specification of Luxembourg; DLMS UA 1000-2, 9.2.7, security suite 0.
public enum P1Cipher {
    private static let header = 18
    private static let tagLength = 12
    private static let security: UInt8 = 0x30

    /// The telegram in a frame.
    /// - Parameter frame: From `db` to the tag.
    /// - Returns: Nil when the tag is not that of the content under this key.
    static func open(_ frame: [UInt8], with key: P1Key) -> [UInt8]? {
        guard frame.count >= header + tagLength else { return nil }
        let content = Array(frame[header..<frame.count - tagLength])
        return crypt(
            content, iv: Array(frame[2..<10] + frame[14..<18]), key,
            tag: Array(frame.suffix(tagLength)))?.text
    }

    /// The frame of a telegram; the way back from `open`.
    /// - Parameter title: The meter's own eight bytes.
    public static func seal(
        _ telegram: [UInt8], title: [UInt8], counter: UInt32, with key: P1Key
    ) -> [UInt8]? {
        let count = (0..<4).reversed().map { UInt8(truncatingIfNeeded: counter >> ($0 * 8)) }
        let length = telegram.count + 5 + tagLength
        guard title.count == 8, length <= 0xFFFF,
            let sealed = crypt(telegram, iv: title + count, key, tag: nil)
        else { return nil }
        return [0xDB, 0x08] + title + [0x82, UInt8(length >> 8), UInt8(length & 0xFF), security]
            + count + sealed.text + sealed.tag
    }

    /// - Parameter tag: What must be the tag; nil to encrypt and make one.
    private static func crypt(
        _ input: [UInt8], iv: [UInt8], _ key: P1Key, tag: [UInt8]?
    ) -> (text: [UInt8], tag: [UInt8])? {
        // Sound, here and below: the context is freed at the end, and every array lives through the call
        // that reads or writes no more of it than its count, which an int holds by far.
        guard let context = unsafe EVP_CIPHER_CTX_new() else { return nil }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        let encrypts: Int32 = tag == nil ? 1 : 0
        let data = [security] + key.authentication
        var output = [UInt8](repeating: 0, count: input.count + 16)
        var count: Int32 = 0
        var ending: Int32 = 0
        var mark = tag ?? [UInt8](repeating: 0, count: tagLength)
        guard
            unsafe EVP_CipherInit_ex(
                context, EVP_aes_128_gcm(), nil, key.key, iv, encrypts) == 1,
            unsafe EVP_CipherUpdate(context, nil, &count, data, Int32(data.count)) == 1,
            unsafe EVP_CipherUpdate(context, &output, &count, input, Int32(input.count)) == 1
        else { return nil }
        if tag != nil {
            guard
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_GCM_SET_TAG, Int32(tagLength), &mark) == 1
            else { return nil }
        }
        var last = [UInt8](repeating: 0, count: 16)
        guard unsafe EVP_CipherFinal_ex(context, &last, &ending) == 1 else { return nil }
        if tag == nil {
            guard
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_GCM_GET_TAG, Int32(tagLength), &mark) == 1
            else { return nil }
        }
        return (Array(output.prefix(Int(count))), mark)
    }
}
