from Order.rules.ledger import LEDGER_RULES
from Order.rules.quarters import QUARTER_RULES
from Order.rules.rows import ROW_RULES
from Order.rules.sums import SUM_RULES

RULES = (*ROW_RULES, *LEDGER_RULES, *SUM_RULES, *QUARTER_RULES)
