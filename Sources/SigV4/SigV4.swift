// Target SigV4.
