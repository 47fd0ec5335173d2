select length(format('%2147483647s', 'a'));
