// Target Worker.
