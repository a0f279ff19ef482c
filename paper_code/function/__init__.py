"""What K does with contours and flankers, silenced cells and degraded images; and lightness illusions through l0."""
