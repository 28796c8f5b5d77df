"""New chapters and exercises: working skeletons, entered into the contract, whole or not at all."""
