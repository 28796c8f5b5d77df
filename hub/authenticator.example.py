# Copy to /srv/triptych-hub/hub/authenticator.py (owner root, mode 0600), fill in, and run `triptych hub up … --login file`.
# The user names that the provider returns must be those of the roster, because they are Unix accounts here.
c = get_config()  # noqa: F821

c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "…"
c.GenericOAuthenticator.client_secret = "…"  # noqa: S105
c.GenericOAuthenticator.oauth_callback_url = "https://hub.example.org/hub/oauth_callback"
# CERN: realm "cern" of auth.cern.ch. Other OpenID providers list these three in .well-known/openid-configuration.
c.GenericOAuthenticator.authorize_url = "https://auth.example.org/authorize"
c.GenericOAuthenticator.token_url = "https://auth.example.org/token"  # noqa: S105
c.GenericOAuthenticator.userdata_url = "https://auth.example.org/userinfo"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"

# GitHub instead:
# c.JupyterHub.authenticator_class = "github"
# c.GitHubOAuthenticator.client_id, c.GitHubOAuthenticator.client_secret = "…", "…"
# c.GitHubOAuthenticator.oauth_callback_url = "https://hub.example.org/hub/oauth_callback"
# c.GitHubOAuthenticator.username_map = {"ada-lovelace": "ada"}
