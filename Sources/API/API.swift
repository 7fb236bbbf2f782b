// Target API.
