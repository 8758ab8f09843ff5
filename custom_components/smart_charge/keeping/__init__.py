"""What is done by night and by quarter: old records go, the security log is checked, reports that are due are made."""
