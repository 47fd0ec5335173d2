execute i ('x', 'y');
lock nope;
