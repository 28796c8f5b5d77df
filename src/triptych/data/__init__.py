"""Files that every chapter carries a copy of; `triptych check --fix` writes the copies."""
