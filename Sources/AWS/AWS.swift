// Target AWS.
