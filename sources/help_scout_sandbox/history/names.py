"""Names and texts that the simulated account is dressed with."""

# ruff: noqa: SIM905 - word lists read best as words

FIRST_NAMES = (
    "Amara Ben Chloe Dario Elena Farid Grace Hugo Ines Jonas Keiko Liam Maya Noah Olga Pavel "
    "Quinn Rosa Samir Tessa Umar Vera Wes Ximena Yusuf Zoe Anton Bianca Cyrus Dana Emil Freya "
    "Gita Hana Ivan Julia Kofi Lena Marco Nadia"
).split()
LAST_NAMES = (
    "Abbott Bauer Castro Dubois Eriksen Fischer Garcia Haddad Ivanov Jansen Kowalski Lopez "
    "Moreau Nakamura Okafor Petrov Quist Rossi Silva Tanaka Ueda Vogel Weber Xu Yilmaz Zhang "
    "Adeyemi Brandt Cohen Diaz Evans Ferrari Gruber Hansen Ito Jensen Kim"
).split()
INBOX_NAMES = "Support Billing Sales Partners Returns Onboarding Wholesale Press".split()
TEAM_NAMES = "First line,Escalations,Europe,Americas,Weekend".split(",")
TAG_NAMES = (
    "billing bug refund feature-request urgent vip onboarding login shipping integration "
    "feedback cancellation mobile invoice spanish german api outage trial renewal"
).split()
TAG_COLOURS = ("none", "blue", "green", "orange", "red", "purple")
SAVED_REPLY_NAMES = (
    "Where is my invoice",
    "Reset your password",
    "Refund issued",
    "We are looking into it",
    "How to export data",
    "Feature request noted",
)
WORKFLOW_NAMES = ("Tag VIP customers", "Route invoices", "Close after seven days", "Escalate")
FIELD_OPTIONS = ("Free plan", "Trial", "Standard plan", "Plus plan", "Pro plan")
SUBJECTS = (
    "Cannot sign in",
    "Question about my invoice",
    "Export stops at 80 %",
    "Refund for order",
    "How do I add a colleague?",
    "Delivery is late",
    "The app crashes on start",
    "Change of address",
    "Feature idea: dark mode",
    "Webhook sends twice",
)
PREVIEWS = (
    "Hi, we have looked into this and",
    "Thanks for getting back to us so quickly.",
    "Could you send us a screenshot of",
    "It works again, thank you!",
    "I still see the same message when",
    "We have issued the refund, it should",
    "Good morning, any news on this?",
)
COMMENTS = (
    "Thanks for the clear reply!",
    "Super helpful.",
    "Quick and friendly.",
    "It took a while, but it is solved.",
    "Please answer faster next time.",
    "Great job",
    "Still not sure it is fixed.",
)
CATEGORY_NAMES = ("Getting started", "Account and billing", "Integrations", "Mobile", "API")
ARTICLE_NAMES = (
    "Create an account",
    "Invite colleagues",
    "First steps ",
    "Keyboard shortcuts",
    "Glossary",
    "Change your plan",
    "Download invoices",
    "Refund policy",
    "Payment methods",
    "Cancel an account",
    "Connect a web shop",
    "Connect a calendar",
    "Webhooks",
    "Import contacts",
    "Single sign-on",
    "Install the app",
    "Push notifications",
    "Work offline",
    "Scan a receipt",
    "Sign in on a phone",
    "API keys",
    "Rate limits",
    "Pagination",
    "Errors",
    "Change log",
)
SEARCH_TERMS = ("pricing", "invoice", "refund", "api", "login", "export", "calendar", "import")
FAILED_TERMS = ("invoce", "darkmode", "fax number", "auto-advance", "knowlege")
