// Target Sandbox.
