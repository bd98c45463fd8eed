"""Structure of a coefficient matrix: empty rows and columns, blocks, spectral radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, eigs

from servio.algebra._check import Array, Mask, Positions, square
from servio.errors import NumericalError

__all__ = ["closed_blocks", "components", "spectral_radius", "zero_columns", "zero_rows"]

DENSE_LIMIT = 300
"""Blocks up to this size get all eigenvalues; larger ones the dominant one by Arnoldi."""


def zero_rows(A: ArrayLike) -> Mask:
    """Industries that sell nothing to industries.

    Parameters
    ----------
    A : (n, n) array
        Flows or coefficients.

    Returns
    -------
    (n,) boolean array

    Raises
    ------
    InputError
        `A` is not square or has a number that is not finite.

    Examples
    --------
    >>> zero_rows([[0.1, 0.2], [0.0, 0.0]])
    array([False,  True])
    """
    return np.logical_not(square("A", A).any(axis=1))


def zero_columns(A: ArrayLike) -> Mask:
    """Industries that buy nothing from industries.

    Parameters
    ----------
    A : (n, n) array
        Flows or coefficients.

    Returns
    -------
    (n,) boolean array

    Raises
    ------
    InputError
        `A` is not square or has a number that is not finite.

    Examples
    --------
    >>> zero_columns([[0.1, 0.0], [0.2, 0.0]])
    array([False,  True])
    """
    return np.logical_not(square("A", A).any(axis=0))


def components(A: ArrayLike) -> Positions:
    """Which industries depend on each other in a circle (strongly connected components).

    Parameters
    ----------
    A : (n, n) array
        Flows or coefficients; any non-zero cell is a link.

    Returns
    -------
    (n,) integer array
        Number of the component of each industry, in order of first appearance. A table whose
        industries all share one number is irreducible.

    Raises
    ------
    InputError
        `A` is not square or has a number that is not finite.

    Examples
    --------
    >>> components([[0, 1, 0], [1, 0, 0], [0, 1, 0]])
    array([0, 0, 1])
    """
    _, labels = connected_components(csr_array(square("A", A) != 0), connection="strong")
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.intp)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[inverse]


def blocks(A: Array) -> list[Positions]:
    """Positions of each strongly connected component."""
    labels = components(A)
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def closed_blocks(A: ArrayLike, tolerance: float = 1e-9) -> list[Positions]:
    """Find industries that live on each other alone: inputs inside use up all output.

    Parameters
    ----------
    A : (n, n) array
        Input coefficients.
    tolerance : float
        How near to one the column sums inside the block must be.

    Returns
    -------
    list of integer arrays
        Positions of each strongly connected block whose column sums inside the block are all
        at least ``1 - tolerance``. Any such block makes I - A singular or its solution negative.

    Raises
    ------
    InputError
        `A` is not square or has a number that is not finite.

    Examples
    --------
    >>> closed_blocks([[0.5, 0.5, 0.1], [0.5, 0.5, 0.0], [0.0, 0.0, 0.2]])
    [array([0, 1])]
    """
    coefficients = square("A", A)
    return [
        block
        for block in blocks(coefficients)
        if (coefficients[np.ix_(block, block)].sum(axis=0) >= 1 - tolerance).all()
    ]


def spectral_radius(A: ArrayLike) -> float:
    r"""Largest modulus of an eigenvalue: below one, rounds of inputs of inputs die out.

    :math:`\rho(A) = \max_k |\lambda_k|`, taken block by strongly connected block, so that a
    triangular table gives its largest diagonal cell exactly.

    Parameters
    ----------
    A : (n, n) array
        Coefficients.

    Returns
    -------
    float
        Dimensionless.

    Raises
    ------
    InputError
        `A` is not square or has a number that is not finite.
    NumericalError
        The iteration for a large block did not converge.

    References
    ----------
    Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis, 2nd ed., section 2.4 and
    appendix A on the convergence of the power series.

    Examples
    --------
    >>> round(spectral_radius([[0.15, 0.25], [0.2, 0.05]]), 6)
    0.329129
    """
    coefficients = square("A", A)
    return max(_radius(coefficients[np.ix_(block, block)]) for block in blocks(coefficients))


def _radius(block: Array) -> float:
    if block.shape[0] == 1:
        return abs(float(block[0, 0]))
    if block.shape[0] <= DENSE_LIMIT:
        return float(np.abs(np.linalg.eigvals(block)).max())
    try:
        values = eigs(block, k=1, v0=np.ones(block.shape[0]), return_eigenvectors=False)
    except ArpackNoConvergence as error:
        raise NumericalError(
            "spectral radius",
            found=f"no convergence on a block of {block.shape[0]} industries",
            expected="a dominant eigenvalue",
            remedy="Check the coefficients for cells far above one.",
        ) from error
    return float(np.abs(values).max())
