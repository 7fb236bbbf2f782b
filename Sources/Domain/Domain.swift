// Target Domain.
