"""The printed artwork of the device: front overlay, its tactile layer, and the label on the back."""
