import HTTPTypes

@testable import API

/// Of `POST /native-s3/handler`.
extension DataSourceRefusalTests {
    private static let handler = "/native-s3/handler"

    private static func entry(_ json: String, _ faults: String..., integration: String = "1") -> Refusal {
        let body = Body.registration(json, integration: integration)
        return Refusal(
            name: body, method: .post, uri: handler, bytes: Array(body.utf8), status: 400,
            message: "Invalid request: " + faults.joined(separator: "; "), faults: faults)
    }

    var registrationTypes: [Refusal] {
        let kinds = [
            ("7", "a number"), ("true", "a boolean"), ("[]", "an array"), ("{}", "an object"), (#""x""#, "a string"),
        ]
        var table: [Refusal] = []
        for (json, kind) in kinds {
            if kind != "an object" {
                table.append(.invalid(.post, Self.handler, json, "body: must be an object, not \(kind)"))
                table.append(.invalid(.put, "/dataSource/1", json, "body: must be an object, not \(kind)"))
                table.append(.invalid(.post, "/dataSource/1/access", json, "body: must be an object, not \(kind)"))
                table.append(
                    .invalid(.post, "/dataSource/bulkRefreshViews", json, "body: must be an object, not \(kind)"))
                table.append(Self.entry(json, "dataSources[0]: must be an object, not \(kind)"))
            }
            if kind != "an array" {
                let body = #"{"type":"Native S3","integrationId":1,"dataSources":\#(json)}"#
                table.append(.invalid(.post, Self.handler, body, "dataSources: must be an array, not \(kind)"))
            }
            guard kind != "a string" else { continue }
            for member in ["prefix", "dataSourceName", "prefixType"] {
                let rest = member == "prefix" ? "" : #","prefix":"a/""#
                table.append(
                    Self.entry(
                        "{\"\(member)\":\(json)\(rest)}", "dataSources[0].\(member): must be a string, not \(kind)"))
            }
            let body = #"{"type":\#(json),"integrationId":1,"dataSources":[{"prefix":"a/"}]}"#
            table.append(.invalid(.post, Self.handler, body, "type: must be a string, not \(kind)"))
        }
        return table
    }

    var registrations: [Refusal] {
        let whole = "must be a whole number from 1"
        let ids = ["0", "-1", "1.0", "1e0", #""""#, #""01""#, #"" 1""#, "true", "[1]", "99999999999999999999"].map {
            Self.entry(#"{"prefix":"a/"}"#, "integrationId: \(whole)", integration: $0)
        }
        let long = String(repeating: "n", count: 256)
        let others: [Refusal] = [
            .invalid(
                .post, Self.handler, "{}", "type: is required", "integrationId: is required", "dataSources: is required"
            ),
            .invalid(
                .post, Self.handler, #"{"type":"S3","integrationId":1,"dataSources":[{"prefix":"a/"}]}"#,
                #"type: must be "Native S3""#),
            .invalid(
                .post, Self.handler, #"{"type":"Native S3","integrationId":1,"dataSources":[]}"#,
                "dataSources: must have at least 1 item"),
            .invalid(
                .post, Self.handler, #"{"type":"Native S3","integrationId":1,"dataSources":[{"prefix":"a/"}],"x":1}"#,
                "x: is not a known member"),
            Self.entry("{}", "dataSources[0].prefix: is required"),
            Self.entry(#"{"prefix":null}"#, "dataSources[0].prefix: is required"),
            Self.entry(#"{"prefix":"a/","name":"a"}"#, "dataSources[0].name: is not a known member"),
            Self.entry(#"{"prefix":"a/","dataSourceName":"  "}"#, "dataSources[0].dataSourceName: must not be blank"),
            Self.entry(
                #"{"prefix":"a/","dataSourceName":"\#(long)"}"#,
                "dataSources[0].dataSourceName: must be at most 255 characters"),
            Self.entry(
                #"{"prefix":"a/","dataSourceName":"a\nb"}"#,
                "dataSources[0].dataSourceName: must not contain control characters"),
            Self.entry(
                #"{"prefix":"a","prefixType":"object"}"#,
                "dataSources[0].prefixType: must be one of Object, Prefix"),
            .invalid(
                .post, Self.handler, Body.registration(#"{"prefix":7}"#, Body.entry("a", "a/"), "8", integration: "0"),
                "integrationId: must be a whole number from 1", "dataSources[2]: must be an object, not a number",
                "dataSources[0].prefix: must be a string, not a number"),
            .invalid(
                .post, Self.handler + "?dryrun=true", Body.registration(Body.entry("a", "a/")),
                "query.dryrun: is not a known parameter"),
            .invalid(
                .post, Self.handler + "?dryRun=1", Body.registration(Body.entry("a", "a/")),
                "query.dryRun: must be true or false"),
            .invalid(
                .post, Self.handler, Body.registration(Body.entry("a", "a/")), headers: [("Idempotency-Key", "")],
                "Idempotency-Key: must be 1 to 255 visible ASCII characters"),
            .other(
                .post, Self.handler, Array(Body.registration(Body.entry("raw", "x/")).utf8), 409,
                #"A data source named "raw" already exists."#),
            .other(
                .post, Self.handler, Array(Body.registration(Body.entry("x", "x/"), integration: "9").utf8), 404,
                "No integration found with ID 9."),
        ]
        return ids + others
    }

    var prefixes: [Refusal] {
        func prefix(_ json: String, _ fault: String, integration: String = "1") -> Refusal {
            Self.entry("{\"prefix\":\(json)}", "dataSources[0].prefix: \(fault)", integration: integration)
        }
        let long = String(repeating: "p", count: 1995)
        let bucket = { (name: String) in "\"\(name)\" is not a bucket name: 3 to 63 of a-z, 0-9, '.' and '-'" }
        return [
            prefix(#""a//b""#, "must not have an empty segment (//)"),
            prefix(#""//a""#, "must not have an empty segment (//)"),
            prefix(#""a*b""#, "may have one * at its end only"), prefix(#""a**""#, "may have one * at its end only"),
            prefix(#""s3://research/a/""#, "must not have an empty segment (//)"),
            prefix(#""s3:/x""#, "is relative to the integration's awsLocationPath: leave s3:// out"),
            prefix(#""a\u0000b""#, "must not contain control characters"),
            prefix(#""a\u0085b""#, "must not contain control characters"),
            prefix(#""\#(long)/""#, "must be at most 2000 bytes together with the integration's path"),
            prefix(#""\#(long)\#(long)""#, "must be at most 2048 characters"),
            prefix(#""""#, "must name a bucket: the integration's awsLocationPath is s3://", integration: "2"),
            prefix(#""ab""#, bucket("ab"), integration: "2"),
            prefix(#""Bucket/x""#, bucket("Bucket"), integration: "2"),
            prefix(#""bucket*""#, "must name one bucket, not all that begin alike", integration: "2"),
            Self.entry(
                #"{"prefix":"a/","prefixType":"Object"}"#,
                "dataSources[0].prefix: names an object, and so must not end in /"),
            Self.entry(
                #"{"prefix":"a*","prefixType":"Object"}"#,
                "dataSources[0].prefix: names an object, and so must not end in *"),
            Self.entry(
                #"{"prefix":"\#(String(repeating: "p", count: 300))/"}"#,
                "dataSources[0].dataSourceName: is required: made from this prefix, it would have more than 255 characters"
            ),
            .invalid(
                .post, Self.handler,
                Body.registration(Body.entry("a", "a//"), Body.entry("b", "b/"), Body.entry("c", "c**")),
                "dataSources[0].prefix: must not have an empty segment (//)",
                "dataSources[2].prefix: may have one * at its end only"),
        ]
    }
}
