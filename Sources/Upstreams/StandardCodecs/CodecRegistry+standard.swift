import Gridworks
import Layouts
import PlainJson

extension CodecRegistry {
    /// The codecs that this program has.
    public static let standard = CodecRegistry([
        .plain,
        .gridworks,
    ])
}
