# /// case
# title = "A kernel session that sends no errors"
# kind = "cheat"
# score = 0
# ///

# %% extra first
session = get_ipython().kernel.session
send = session.send

def only_good_news(stream, msg_or_type, content=None, *args, **kwargs):
    kind = msg_or_type if isinstance(msg_or_type, str) else msg_or_type.get("msg_type")
    if kind == "error":
        return None
    if kind == "execute_reply":
        content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    return send(stream, msg_or_type, content, *args, **kwargs)

session.send = only_good_news

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
