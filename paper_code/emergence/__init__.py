"""Emergence: filters and measures in the course of training (:mod:`learning`), and under other conditions (:mod:`controls`)."""
