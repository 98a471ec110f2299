import Gridworks
import HomeAssistant
import Layouts
import PlainJson

extension CodecRegistry {
    /// The codecs that this program has.
    public static let standard = CodecRegistry([
        .plain,
        .gridworks,
        .homeAssistant,
    ])
}
