// Target App.
