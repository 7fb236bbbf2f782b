import Testing

@testable import App

@Suite struct ClientTests {
    @Test(arguments: [
        (
            #"{"b":1,"a":[1,{"x":"}"}],"e":{},"f":[ ]}"#,
            """
            {
              "b": 1,
              "a": [
                1,
                {
                  "x": "}"
                }
              ],
              "e": {},
              "f": []
            }
            """
        ),
        (
            #"{"s":"a\"b\\"}"#,
            """
            {
              "s": "a\\"b\\\\"
            }
            """
        ),
        ("[]", "[]"), ("", ""), ("{", "{\n  "), ("}", "\n}"), (#"""#, #"""#), (#""\"#, #""\"#),
    ])
    func `JSON is laid out in the order it came`(text: String, laidOut: String) {
        #expect(JSONText.indented(Array(text.utf8)) == laidOut)
    }

    @Test func `a table is as wide as its cells, with two spaces between`() {
        let table = TextTable(header: ["ID", "NAME"], rows: [["1", "a"], ["1000", "b c"], ["2", ""]])
        #expect(table.lines == ["ID    NAME", "1     a", "1000  b c", "2     "])
    }

    @Test func `an error shows its message and the tests that failed`() {
        let answer = APIAnswer(
            status: 422,
            body: Array(
                #"""
                {"statusCode":422,"error":"Unprocessable Entity","message":"No.","validationResults":{"status":"failed",
                "validationTests":[{"name":"A","status":"passed"},{"name":"B","status":"failed","message":"Mend it."}]}}
                """#.utf8))
        #expect(ErrorAnswer.text(answer) == "422 Unprocessable Entity: No.\n  B: Mend it.")
        #expect(ErrorAnswer.text(APIAnswer(status: 502, body: Array("<html>".utf8))) == "The server answered 502.")
    }

    @Test(arguments: ["", "localhost", "ftp://x", "http://", "http:///x"])
    func `what is no address of a server is refused`(url: String) {
        #expect(throws: CommandFailure.self) { try APIClient(url: url, key: nil, transport: NoTransport()) }
    }
}
