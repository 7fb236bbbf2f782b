// Target XML.
