# /// case
# title = "exit() in an extra cell before everything"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% extra first
exit()

# %% extra before mul_jvp
quit()
