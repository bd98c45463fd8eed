"""Published tables, the generic form and the model world, read into `IOTable`."""

from servio.sources._archive import unpacked
from servio.sources._dataset import Dataset, Entry, read, scan
from servio.sources._registry import Source, sources
from servio.sources.functions import with_functions
from servio.sources.indicators import read_indicators
from servio.sources.sea import ACCOUNTS_OF, SocioEconomicAccounts, read_sea, with_satellites
from servio.sources.supply import read_bea_make, read_supply

__all__ = [
    "ACCOUNTS_OF",
    "Dataset",
    "Entry",
    "SocioEconomicAccounts",
    "Source",
    "read",
    "read_bea_make",
    "read_indicators",
    "read_sea",
    "read_supply",
    "scan",
    "sources",
    "unpacked",
    "with_functions",
    "with_satellites",
]
