"""When energy is cheap: tariffs and prices as slots, gaps shown as gaps."""
