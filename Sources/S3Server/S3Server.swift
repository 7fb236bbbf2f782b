// Target S3Server.
