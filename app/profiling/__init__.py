"""What any files hold, found without a contract."""
