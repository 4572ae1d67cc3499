"""What a run is, what it leaves behind and where that lives; torch-free."""
