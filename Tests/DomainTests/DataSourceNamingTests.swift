import Domain
import TestSupport
import Testing

struct DataSourceNamingTests {
    @Test func `a name made from the prefix tells the place, the masked account and the Region`() throws {
        let table = [
            ("s3://", "research-data-source", "s3://research-data-source"), ("s3://", "bucket/raw/", "s3://bucket/raw"),
            ("s3://research/", "", "s3://research"), ("s3://research/", "raw/", "s3://research/raw"),
            ("s3://research/a/", "raw*", "s3://research/a/raw*"),
            ("s3://research/a/", "raw/day.csv", "s3://research/a/raw/day.csv"),
        ]
        for (location, prefix, place) in table {
            let configuration = Fixtures.configuration(path: location)
            let canonical = try DataPrefix(prefix, under: configuration.path)
            #expect(
                DataSource.defaultName(canonical, of: configuration) == "\(place) (12*****89012/eu-west-1)", "\(prefix)"
            )
        }
    }

    @Test func `each taken name is named`() {
        #expect(
            DomainError.dataSourcesExist(["a", "b"]).message
                == #"A data source named "a" already exists. A data source named "b" already exists."#)
    }

    @Test func `one that is missing is told by its id, several by all of theirs`() {
        #expect(DomainError.noDataSources([DataSourceID(7)]).message == "No data source found with ID 7.")
        #expect(
            DomainError.noDataSources([DataSourceID(7), DataSourceID(9)]).message
                == "No data sources found with the IDs 7, 9.")
    }
}
