// Target Store.
