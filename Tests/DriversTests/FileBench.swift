import Conformance
import DriverKit
import Fakes
import Simulators
import Vocabulary

/// A bench of simulated files with one driver at a time on it.
struct FileBench {
    let clock = ManualClock()
    let wiring: SimulatedWiring

    init() { wiring = SimulatedWiring(clock: clock) }

    /// - Parameter files: What each path holds.
    init(_ files: [String: String]) {
        self.init()
        for (path, text) in files { tree.set(path, text) }
    }

    var tree: SimulatedFiles { wiring.tree }

    /// Opens `driver` with all channels that it offers, or those called.
    func open<D: Driver>(
        _ driver: D.Type, _ settings: String, _ sources: [String]? = nil
    ) throws -> OpenDriver<D> {
        let component = try Component.of(driver, settings, sources: sources)
        return OpenDriver(
            driver: try D(component: component, wiring: wiring), component: component, clock: clock)
    }
}

/// A driver that was opened, with the channels of its component.
struct OpenDriver<D: Driver> {
    var driver: D
    let component: Component
    let clock: ManualClock

    /// Asks for all channels.
    /// - Returns: Their values with units.
    mutating func read() throws -> [String] {
        let readings = try driver.read(component.channels, at: clock.now).readings()
        return zip(component.channels, readings).map { $0.text($1.value) }
    }
}

/// What Linux 6.1 showed of simulated devices behind its own drivers, byte by byte.
enum KernelFiles {
    /// Three thermometers behind `w1_therm`; the third has just been powered on.
    static let oneWire = [
        "/sys/bus/w1/devices/28-000000000001/name": "28-000000000001\n",
        "/sys/bus/w1/devices/28-000000000001/temperature": "21500\n",
        "/sys/bus/w1/devices/28-000000000001/w1_slave":
            "58 01 4b 46 7f ff 00 10 8f : crc=8f YES\n58 01 4b 46 7f ff 00 10 8f t=21500\n",
        "/sys/bus/w1/devices/28-000000000002/name": "28-000000000002\n",
        "/sys/bus/w1/devices/28-000000000002/temperature": "-10125\n",
        "/sys/bus/w1/devices/28-000000000002/w1_slave":
            "5e ff 4b 46 7f ff 00 10 27 : crc=27 YES\n5e ff 4b 46 7f ff 00 10 27 t=-10125\n",
        "/sys/bus/w1/devices/28-000000000003/name": "28-000000000003\n",
        "/sys/bus/w1/devices/28-000000000003/temperature": "85000\n",
        "/sys/bus/w1/devices/28-000000000003/w1_slave":
            "50 05 4b 46 7f ff 00 10 51 : crc=51 YES\n50 05 4b 46 7f ff 00 10 51 t=85000\n",
        "/sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count": "3\n",
    ]

    /// Two ADS1115 behind `ti-ads1015`, distinguished by their places on the I2C bus alone.
    static let converters = [
        "/sys/bus/iio/devices/iio:device0/name": "ads1015\n",
        "/sys/bus/iio/devices/iio:device0/in_voltage0_raw": "1600\n",
        "/sys/bus/iio/devices/iio:device0/in_voltage0_scale": "0.062500000\n",
        "/sys/bus/iio/devices/iio:device0/in_voltage0_sampling_frequency": "128\n",
        "/sys/bus/iio/devices/iio:device0/in_voltage0-voltage1_raw": "1600\n",
        "/sys/bus/iio/devices/iio:device0/in_voltage0-voltage1_scale": "0.062500000\n",
        "/sys/bus/iio/devices/iio:device0/sampling_frequency_available":
            "8 16 32 64 128 250 475 860\n",
        "/sys/bus/iio/devices/iio:device1/name": "ads1015\n",
        "/sys/bus/iio/devices/iio:device1/in_voltage0_raw": "640\n",
        "/sys/bus/iio/devices/iio:device1/in_voltage0_scale": "0.062500000\n",
        "/sys/bus/i2c/devices/0-0049/name": "ads1115\n",
        "/sys/bus/i2c/devices/0-0049/iio:device0/name": "ads1015\n",
        "/sys/bus/i2c/devices/0-004a/name": "ads1115\n",
        "/sys/bus/i2c/devices/0-004a/iio:device1/name": "ads1015\n",
    ]

    /// An LM75 behind `lm75`, and two of the thermometers, which `w1_therm` shows here as well.
    static let monitors = [
        "/sys/class/hwmon/hwmon0/name": "lm75\n",
        "/sys/class/hwmon/hwmon0/temp1_input": "25500\n",
        "/sys/class/hwmon/hwmon0/temp1_max": "0\n",
        "/sys/class/hwmon/hwmon0/temp1_max_hyst": "0\n",
        "/sys/class/hwmon/hwmon0/uevent": "",
        "/sys/class/hwmon/hwmon0/update_interval": "100\n",
        "/sys/class/hwmon/hwmon1/name": "w1_slave_temp\n",
        "/sys/class/hwmon/hwmon1/temp1_input": "-10125\n",
        "/sys/class/hwmon/hwmon2/name": "w1_slave_temp\n",
        "/sys/class/hwmon/hwmon2/temp1_input": "21500\n",
        "/sys/bus/i2c/devices/0-0048/name": "lm75\n",
        "/sys/bus/i2c/devices/0-0048/hwmon/hwmon0/name": "lm75\n",
        "/sys/bus/w1/devices/28-000000000001/hwmon/hwmon2/name": "w1_slave_temp\n",
    ]

    /// A small machine.
    static let host = [
        "/proc/loadavg": "0.21 0.06 0.02 1/57 493\n",
        "/proc/uptime": "47.74 89.75\n",
        "/proc/stat": "cpu  20 0 355 8975 0 0 0 0 0 0\ncpu0 10 0 209 4465 0 0 0 0 0 0\nintr 4841\n",
        "/proc/meminfo": """
        MemTotal:         367816 kB
        MemFree:          328340 kB
        MemAvailable:     329640 kB
        SwapTotal:          4096 kB
        SwapFree:           1024 kB
        HugePages_Total:       0

        """,
        "/proc/pressure/cpu":
            "some avg10=0.03 avg60=0.24 avg300=0.08 total=556953\n"
            + "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "/proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "/proc/pressure/io":
            "some avg10=12.50 avg60=0.00 avg300=0.00 total=1749\n"
            + "full avg10=1.00 avg60=0.00 avg300=0.00 total=1739\n",
        "/sys/class/net/lo/statistics/rx_bytes": "1000000\n",
        "/sys/class/net/lo/statistics/tx_bytes": "1000000\n",
        "/sys/class/net/eth0/statistics/rx_bytes": "5000\n",
        "/sys/class/net/eth0/statistics/tx_bytes": "700\n",
        "/sys/class/net/wlan0/statistics/rx_bytes": "20\n",
        "/sys/class/net/wlan0/statistics/tx_bytes": "3\n",
        "/sys/class/net/bonding_masters": "\n",
    ]
}
