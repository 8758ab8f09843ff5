"""The steps that ask: set-up by protocol, the hours, the options, and each section of the site."""
