"""What people see, shared by widget, report and command line. Standard library only."""
