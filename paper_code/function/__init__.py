"""What K does: contours and flankers, silenced cells, images that are harder to see, lightness."""
