/// Lays JSON out for people, two spaces a level, members in the order they came.
enum JSONText {
    /// Text that is not JSON comes back more or less as it was: nothing is checked.
    static func indented(_ bytes: [UInt8]) -> String {
        var layout = Layout()
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let end = endOfString(bytes, from: index)
                layout.out += bytes[index..<end]
                index = end
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                // An empty object or array stays on its line.
                let next = bytes[(index + 1)...].firstIndex { !isSpace($0) } ?? bytes.endIndex
                if next < bytes.endIndex, bytes[next] == byte + 2 {
                    layout.out += [byte, byte + 2]
                    index = next + 1
                    continue
                }
                layout.open(byte)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): layout.close(byte)
            case UInt8(ascii: ","): layout.next()
            case UInt8(ascii: ":"): layout.out += Array(": ".utf8)
            default: if !isSpace(byte) { layout.out.append(byte) }
            }
            index += 1
        }
        return String(decoding: layout.out, as: UTF8.self)
    }

    private struct Layout {
        var out: [UInt8] = []
        var depth = 0

        mutating func open(_ byte: UInt8) {
            out.append(byte)
            depth += 1
            line()
        }

        mutating func close(_ byte: UInt8) {
            depth = max(0, depth - 1)
            line()
            out.append(byte)
        }

        mutating func next() {
            out.append(UInt8(ascii: ","))
            line()
        }

        private mutating func line() {
            out.append(UInt8(ascii: "\n"))
            out += Array(repeating: UInt8(ascii: " "), count: 2 * depth)
        }
    }

    private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else if bytes[index] == UInt8(ascii: "\"") {
                return index + 1
            } else {
                index += 1
            }
        }
        return bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
