"""Result files become tables; torch-free."""
