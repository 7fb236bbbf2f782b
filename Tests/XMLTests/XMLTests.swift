import Testing
import XML

@Test func `an answer in the form of STS is read by path`() throws {
    let document = try XMLReader.read(
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Result><Arn>a&amp;b</Arn></Result></R>
            """.utf8))
    #expect(document["Result", "Arn"] == "a&b")
}
