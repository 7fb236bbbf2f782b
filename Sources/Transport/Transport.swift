// Target Transport.
