import CGpiod
import DriverKit
import Glibc
import Vocabulary

/// An open GPIO chip, until one of its lines is claimed.
///
/// Safe: nobody else knows the handle, and it is closed once.
@safe final class GpioChip {
    let label: String
    let lineCount: UInt32
    private var handle: OpaquePointer?

    /// - Throws: When the node cannot be opened or is no chip.
    init(path: String) throws(SystemError) {
        // Sound: the handle is kept here alone and closed once, in `deinit` or by its line.
        guard let opened = unsafe tidegate_gpio_open_chip(path) else { throw .last }
        unsafe handle = opened
        // Sound: `text(_:)` hands over a buffer together with its size.
        label = unsafe Self.text { unsafe tidegate_gpio_chip_label(opened, $0, $1) } ?? ""
        lineCount = unsafe UInt32(max(0, tidegate_gpio_line_count(opened)))
    }

    deinit {
        // Sound: nobody else closes what is still here.
        if let handle = unsafe handle { unsafe tidegate_gpio_close_chip(handle) }
    }

    /// The name of a line; nil when it has none.
    func lineName(_ offset: UInt32) -> String? {
        // Sound: as in `init`.
        let name = unsafe Self.text { unsafe tidegate_gpio_line_name(handle, offset, $0, $1) }
        return name == "" ? nil : name
    }

    /// The names of the lines that have one, in the order of their offsets.
    var lineNames: [(offset: UInt32, name: String)] {
        (0..<lineCount).compactMap { offset in lineName(offset).map { (offset, $0) } }
    }

    /// Who uses a line; nil when nobody says so.
    func consumer(of offset: UInt32) -> String? {
        // Sound: as in `init`.
        let name = unsafe Self.text { unsafe tidegate_gpio_line_consumer(handle, offset, $0, $1) }
        return name == "" ? nil : name
    }

    /// Claims an output and gives the chip away to it.
    /// - Throws: When the kernel refuses; the chip then stays here.
    func requestOutput(
        _ offset: UInt32, _ settings: OutputSettings, initially: InitialState
    ) throws(SystemError) -> GpioRequest {
        // Sound: the C strings live during the call; the chip's handle moves on with the request.
        let request = unsafe tidegate_gpio_request_output(
            handle, offset, settings.consumer, settings.activeLow, settings.drive.inC, initially.inC
        )
        return try unsafe given(request)
    }

    /// Claims an input that reports both edges. As `requestOutput`.
    func requestInput(
        _ offset: UInt32, _ settings: InputSettings
    ) throws(SystemError) -> GpioRequest {
        let microseconds = settings.debounce.wholeNanoseconds / 1000
        // Sound: as in `requestOutput`.
        let request = unsafe tidegate_gpio_request_input(
            handle, offset, settings.consumer, settings.activeLow, settings.bias.inC,
            UInt32(clamping: microseconds))
        return try unsafe given(request)
    }

    private func given(_ request: OpaquePointer?) throws(SystemError) -> GpioRequest {
        // Sound: the request is the shim's own and handed over once.
        guard let request = unsafe request else { throw .last }
        // The shim has closed the chip or will close it with the line.
        unsafe handle = nil
        return unsafe GpioRequest(request)
    }

    /// What a C call writes into a buffer; nil when it fails.
    private static func text(
        _ write: (UnsafeMutablePointer<CChar>, Int) -> Int32
    ) -> String? {
        // Source: linux/gpio.h, GPIO_MAX_NAME_SIZE is 32.
        let size = 64
        // Sound: the buffer is zeroed, the call writes less than `size` bytes into it, and it is read
        // up to its first zero before it goes.
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
            unsafe buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, unsafe write(start, size) == 0 else {
                return nil
            }
            return unsafe String(cString: start)
        }
    }
}

extension OutputSettings.Drive {
    fileprivate var inC: tidegate_gpio_drive {
        switch self {
        case .pushPull: TIDEGATE_GPIO_PUSH_PULL
        case .openDrain: TIDEGATE_GPIO_OPEN_DRAIN
        case .openSource: TIDEGATE_GPIO_OPEN_SOURCE
        }
    }
}

extension InitialState {
    fileprivate var inC: tidegate_gpio_initial {
        switch self {
        case .inactive: TIDEGATE_GPIO_INACTIVE
        case .active: TIDEGATE_GPIO_ACTIVE
        case .asIs: TIDEGATE_GPIO_KEEP
        }
    }
}

extension InputSettings.Bias {
    fileprivate var inC: tidegate_gpio_bias {
        switch self {
        case .asIs: TIDEGATE_GPIO_BIAS_AS_IS
        case .disabled: TIDEGATE_GPIO_BIAS_DISABLED
        case .pullUp: TIDEGATE_GPIO_BIAS_PULL_UP
        case .pullDown: TIDEGATE_GPIO_BIAS_PULL_DOWN
        }
    }
}
