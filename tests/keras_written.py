"""Files as Keras has written them, versions 3.15 and 2.21, and with an optimizer as of 2.10: small, packed, in text.

Each is of a graph of 3 features: Normalization, Dense, a nested Sequential with BatchNormalization, Add, Dense; trained
for two epochs of two batches. `PREDICTED` is what Keras predicted for `X` when it wrote them, and two epochs later.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np

X = np.sin(np.arange(24.0) * 1.7).reshape(8, 3).astype("float32")
Y = np.cos(np.arange(8.0)).reshape(8, 1).astype("float32")
FIT = {"epochs": 2, "batch_size": 4, "shuffle": False, "verbose": 0}


def written(name):
    """The bytes of a file."""
    return zlib.decompress(base64.b85decode("".join(_PACKED[name].split())))


PREDICTED = {
    "keras_3.keras": (
        [0.5746046, -0.1441041, -0.5024089, -0.4606006, 0.3474763, 0.5016041, 0.1843562, -0.4131424],
        [0.5907003, -0.1280165, -0.4997971, -0.4709237, 0.3479641, 0.5096126, 0.2052523, -0.4050035],
    ),
    "keras_3.h5": (
        [0.5746046, -0.1441041, -0.5024089, -0.4606006, 0.3474763, 0.5016041, 0.1843562, -0.4131424],
        [0.5907003, -0.1280165, -0.4997971, -0.4709237, 0.3479641, 0.5096126, 0.2052523, -0.4050035],
    ),
    "keras_2.keras": (
        [0.2145556, 1.8007721, 1.0956539, -1.500662, -2.1872745, -1.233695, 1.5139602, 1.7873027],
        [0.2395578, 1.7765762, 1.0667832, -1.4933599, -2.1520092, -1.1963568, 1.500641, 1.7572167],
    ),
    "keras_2.h5": (
        [0.2145556, 1.8007721, 1.0956539, -1.500662, -2.1872745, -1.233695, 1.5139602, 1.7873027],
        [0.2395578, 1.7765762, 1.0667832, -1.4933599, -2.1520092, -1.1963568, 1.500641, 1.7572167],
    ),
    "keras_2_10.h5": (
        [0.2145641, 1.8007802, 1.095662, -1.5006536, -2.1872654, -1.2336861, 1.5139686, 1.7873111],
        [0.239527, 1.7765445, 1.0667517, -1.4933907, -2.1520398, -1.1963871, 1.5006095, 1.7571851],
    ),
}

_PACKED = {
    "keras_3.keras": """
c-rk;X>b(B6`s|FxKgrF*)oSCWD#SRw6&`PX;&AA00A-xTZBvUGTI&Oj+mWU?aT@(AX^x0unmL+$0jN4xMEl00|(h<S4a>Nu8;~zTn;{xlvAX_4-#WXj$J
O|A`Vr~^i20^dUp2EwTIQOq-yod>+ALF_r8AJnx=K>8M%~73n}*p&4-uDe}UiG@~@YXXcsNf<_=NdcNgqr{IuxkV*Da2@CEk#f>N`!+-xl<$}f<)7>7uAF
)r}D#8R@P*lH~<DOqYMvzJ!b%PR_co3N(Vp3Z7|a~?&3-<k3gr@*(fZrG4la0NI9)TA_N7X41M{EXp5b9;byN^<iw2by(qv?w}w+N&_H!rv)1%FlNfAcm2
`4yD(UpJsWwO=(K<2N?MgNB79%lk?j{y8+*Yw7Z7)1*AssQrB)9Ejc|7(L?(H-*!I0aYgy1tw3H<k5BCqC(u%92`DJ~Xuk*^w$q#l`r@bEZbhKz0cwy14L
Uf~qTqw0hMc{iEaPTHiSaWo)J?VZaCNYJn-Jh-W?9V2@LT0tVi&=B!SAIx_B%A_Nf_z#dL9GuBe{gM9NJ`kv&`BgaICW@+;l_PhL;C;LwB>vfQzlIiX3G9
mNYW=GBiITy)N3%(!5h!KCGnM0xaipX!@m!Jg5$pKo@#7QxYPekV)BHK>OYBFI*Z9hq^i?h8G3D!=V#NtU9Px;*kd=_<I1qPERcIPit>4D86$S?8|OBKPq
LZm;1<snKKu9mw4p>OVUGwheBHi<CGjMSc}$DTcvf0Y~XB_OG?U@fZ_q3m4F~hfi}qorc0ebxe<xxJ)r%7$T-?qS{xaR+;5)Y9IRZF1#>P-*I-~~&3l7Uu
I2>4AZ_B=c3E@uGtMZc0}e!;MY>y2Blt`RNV<oS7YZ1_I6J(J@e3l}(a3E=G06-8PF{Lyt7v_J{usW2rQ}9LMU5m~A)^<a0h*WK+8bH4<6h)wy=m8ZP{)&
Ded~?RXjXXW1mDMW1{fY_K$vAGVhky?$Wsj%s0b%^XfUxBJS@ISJsZxkJVX156(?3)w&J5&CCkAoj|Ca4<{%02am>pHg6Lu^K+J+yw(tS3oVS>5Hu(wT6I
o7KO%}7o0(hJ<hcef2T%wcK4zo?(c*a{v-L%&`-bOd@%&6M*3SBJkc7Q!byoU>$MjM(q4_ujG!&R?NgR!Xqg^X6cTE^&&*uy(Leu0-O()vq30~TAz1Ba7i
eLh(%BNf0GI-Q;%W6~Prj({2`1bR9JuaD&z2R=W>pez|sDT2s`Xtcmfi#w4rjdJg~%;gGW4QcgFsu<mIsfK1kf`4LL6ex@cs*o^U0J9yZma%n#RB@7HAC8
g~Mb1`&oC$J{J^rEUc{2DK)z*cLd$bl|`)V;<RCGk6G<+jNRqHntrS9M&ib&Cvgt~NPx9<(Bn&1?rjdt#2c$ZloywhV2@{8&N2koN0Mn04FhIN|iD^6bMJ
iwEFT4E5+x2RNBQD&<sE4PBJ^)7~WdnAX8and~_N(5jR1Y`)&aY7r-IYM86CtWlb(5N6VE{vDfpgB3`FxZ92PlYbVzst``jHBJJ7<Z?p8=N2yTG@#>+GR^
7Xi=%3cCm7O4%+Dqc;ywREE9PeeWDJZTGa+owgk41Z-cB%v84joORorOjvSp)<=+cC2p%Z=1yNqHfQ#|_1;xlJ-B$&y>6Dj|{H#;eMla12v<7EEE<5rP!Q
BAwU}!hv=Xx~qRL1G>F@6Wr%{T+lz5|2b!AcIOh`~W<PWlE4yIL1?b*AMWp(ya10}d6zL7o}*)9fjKw4r|0>=|=sC<U^!sSJf{gua3V%4_rJ{SKI#V0sXy
FQlR8Cgoioe0~$GU(eTk@5+^c`zsxxb}nbCX*NY@DpJGBWlbR60`rSudLa$xlXui2NL4RDQ9&cC(^E@~?V6}`On-Br{w|(|>%XeMR9O8bMD$myzsQaq%+%
|fN=*~g?tSYw)B_zxR{h|ucsu<tfAKaoMS7k$7w2o{)l~A~{m)Ow`5Iu}llk?UKjgRc<C~>i*8$_tq;h4c0Mr2Tx0y^ziJYKpvN1W$0&_8KM0TrJY-lu5u
z-#akoNKn$Ro2i6Q&wStmI)gm5W4xu<*8=&w$U-G$~M7lb-?8kxjUo&w|gVY0Jr7Lisr`H3+I>dV~5W!+#~6Zdh+gupb#ge%h;@my6#ZwuKNOLWBqrB1DJ
~Awq-*r4EIQlk4L%(c<LU3)Iv?L^>r2#Toly9>o!d8Kh^%@$5YvYJNu)ebmPRqv@{?#u1Osk4=Ab7D7EHQ#qyecS}$|RqCIQ^PzK|VBC3}?W%F|EEvtDsE
ih**D4jkeB=FUiq4-TGtPGc<_9czzlxkVUo*^046g4Dy12W3{h;-Ax&Y_94D-|?-2Ru@aK09p-%~YNe$3duY$?F)3pp<%G#WdA*2n35y}sdoj+ziVU<$U^
bUWToH_RW;Cvy~ukpI`qYpmyG;G7Gcm!(C(8+tn!4R2H~CU}F`nNYluzi4vtMmRs&cbAc$46na8?#6Kep{cFE$SqyI6X!#C&<fKMo&T&Hr=RRzgxB{h%%8
iH%uy_UQZKKu`pMZEKba28n=}k2Xemr4Q;-Kw^Ay&b^1li1T;x-?W>dF52;XPQ?Sc1cX=x_4b+x{9(`R?1p5t^dspMTdW7*&{SLf7zK0LP;-Hk#zeEF`(W
sz^FFN(~EZ1IlbsiDL1)3N5_RM0V3<tMc(j{K+g3HP<yP}$(?72M1Nf9GUVL0LqWfe%I)GIXszn?m|xjNSFIlW5rIS}DQq1p9<y_e++<VE5|s(P8(COYnX
Zn%eq{^yx%tWbBUgc<BVixXP?}y)7`mr<BZ5EZAKyud!nHObvF=FvL}Au*#Gc4p&VS&N>M#Q=x9e-3gWVQ@0n?e)qz{A@8rx4W9ef+9CHd;?NrZ-9w8xY3
S(wE45tHv^rI{(}KEvqC7TCpI1rrIWd@iu`Lxa{iz05)s@*dewn{-*O_qmRe!b?&Huk%OYkf4{|5fQ${4?*|7jer{||>>Z`2v#S8_&6C^r2?cC4jVuWu?%
>=|uZ(08{i#oO5r^Up8G`*p1f=bK-xrq#7m8^7x1Fjo9JLxW#4BgA?1^ApWaURp`~B(XE0|NDP_InIavhc(>)o{s*1|Bdyxeg$lAWo-I;Wew3^qQ9YW%Ka
;iao)t<X&mvBg&T1H*9i06MqEGVufX~A`abpc!p3;HXq^#W4sQp}HRAJ6i0t<O9a@9)O?JGuaJ9}3z&y8x%uy_OSud}#;^k=?yqrZPGTwUvTBhWR_dfZ`%
AvU%|2Xh|7G3w{)18AQXZ~Az-rhLW{rYbP%^iz|F09HM(#Lxbt&3bIvc1{si9X{#E?)88ybWm8;FMhP-j}NOR=BqhRes-e;TPfd0ebut&Hq2&O!fi9|A+1
a4sD#=eLy(;I=pFg_|>zSf-9X6(ch6cOk;Co{EF@xm+J6rtZ^7Ue!a30uV>c1YFgAx<|r2Ys+ZST@#`E7ew`Lq4AHVV6)?ne1$}i(7WCEqi|vE=5;B51-1
zO-aBBaS$b87AzqK_oAF|n3w-KBgn~t5^nhH8L^P|00mcQ*ibLEr0XW}QDOWRUGHXG;NQMJ8xxH9j+5927C>)TU7Hoq(CsXO^)pzc?${dM8?H~Rm1kA@HT
(`0``@L}lwhPyv8`<u7gjP^I=J`17P^cUH&B3iF+Doxfm2hQJ*w=)d$vuH9$vFva3@*3;@CS9|?$)+NF6G`_imuP;nj3s`O*qKm2`2;h$eiD)XTk-mvGUy
(S{@d^9TkYtZ@2FopCP_}w*3tEyxcmrB?RA9g@+A+>H`(XupWTMnd!k)U2RvksV)55{c}>K5`gAJx^K_GL?{6A+3}AStaSR}_=jjFWcGsO)RW#W9@`r=^b
Ms3bk;@_*yVOhc7T*g*jw_iaOsAUQmp3z#I<9o>!@X6}{Psza;9ugm4e+loF>#`6l2M!}J^VR%7tVk1Q3|ePm5%S7*!TdU<kVmEjpgGoz1laq?doyoun+e
wxt%b+Ad)$X1$XM@HCEi2p~0Oq3^BoYzxm_pGWPw?ri8pRg1S3${@omi4R7}Eip+<6$c=rG`H-#7d-&^yH?t=QU!LnW*0JMBEf3-5efGrNn|{AX<w&l3(=
V*f7(BaPJez(?+F*xo`ruvlH&^|9>uI~?-9@!uZ1&b{KK4~j;$)V+I~irR_U0ekXD^&-`{&z#v3uN2_GK?$uYBj-k8S-g{@wnA{!c64x#g$!_}w9>-eVj;
NV4zT3D2K(mn|D8w7gdnKiO>QO$FI3_q}fW=-9@}g&+UPmbkShJ&=rR?e^I@b(>lS&c5=}=Vv;XRSZ?{J6;nw^`kTEkDG_C`VZGUDSYot;$-&1gUKkfog1
F0{-Tw(U(7aFcK-X*YTK)~*q_UKuHvZauhl=veBU<o_U4K>-v8=Lg*Euwb?(>pZ=3U4efsI(RpV%PlgnU=J{tu;ghf@r6n!SjhU$S8T49A&SfLeGXoVG8V
TD#$p|t|vyX6_~^|FF@tc!L>9xEDG!=A`|sQ<3s$b3r?`g<VCUKpltJs6n}#X>GWlxVy>Y2QEImkMj5?MQy%9hV=vW9y=Uh4GWktcO!UHou?wc=g7rnzN_
=kvka2@1H%A3bHAFwZ(pJ{ybY*-;;5~!Sx4HK{oFlYZzR7&-9uT(@)0{2k$tT3bGljJZ1k`b75tN`<N|p=dpVpHI`LkG2H=6U+vQ;hpSgLyiue2`)mqb87
O-sa#?g#(sUp)9~vPSMJ*tpqb@!cnGaPn{CH%(qv(&rk@*nrIUi*z@?m<tXSDu4UOIO9@nqDobs77r?)k$}TmS$5Y>VGn^^HTuvBc!EP4=qB!T8A}=SV8Z
#P#AE_NH~FwA}Pu_+%mF{-F8rQn)9Wt+g4-2)&F%yJ(3vcZdS7FS_=0R@0mFC<^?}#EOC&GERYSXWbzM2MW7d7j$)|<;oHRzd2aJP4ne81sB7acQLHnBZ+
2DdDFVgEOmC$sn_K6sh2?R|I0wMr2
""",
    "keras_3.h5": """
c-rk9eQ*@jeJ|nTfCNLd5I`{;paDa;gebWS`9K0hMF@%o#dNc|TkaP2ZjZgaKt!fNv|?K=3S!z(%hXOAze;p;nl_LyQ#(yR#>S7fOsAdlhplL}I*xUy?F@
Zy_r2SF?{@Dl$tC2-zJa;?-uu0;-}`;N-+R0JNMpnL{OR+iGcY-w%p|6OF{X<sb$605E^k4<4)l8%{dVQx{3&W#5y~$>?HA{2a1*My^^SGxAofKn#RpQN{
S+~Fnuw`!-I^x&yB)!9^gED4;)NtXFS2`iArMre0G1+(5EAa=Wka5kUrSQ-I}7nE&DVKMBWh<Ra~0!ccJne9W!rc;DoA0FKiA<<YZk=&auWSc(X-UNJf<G
~?Nr-q<$SyOus>xxlMU_U5aY^M+tKLZlfpZN0HcnJN!niDReF25M0*8ldy32nVIdsAO{QwklcTpcDTzLCPetp=q^A#hN|FAsMPowigKh)|(QjunmMI6pXI
PF4SfoF=<anR9BL3vbelfo`F4bV%e;(6?+RFoSQpAW{JJ2~{F2rjZ$5Kul4qYD@erFiu8XD((13ZnAdndxd@MI*r7=~?5HNaC1^VzU=^G0<9#Z01p0%>Jg
`Hf}enr?~f8;}%9_62c2SZ{!|-{ljzXjGlK%UkSP9}D{wpb|OJRa)%Qlm^J(@4^T>;|OdyL{SwC*DAt7MUL?xOQmHLz&q&HZwW_Y%0^gBwcg4pz91V7auJ
BPBODXO(&ClP0LibkN3@PbiBncqz>3ibCr4rCPEL%%9%U{N;QfXS+@SzFWJTN~v@Yu05at1ER3Y3d#ln6z3>30Dmu7%W&u5b)hd5EVkAuxx5G+jNm{1H)a
=#1c|Cn0hQZ1C)CedZXR)E?hiGr`)YK0J?;N)aJAVd{j=KZ(<NLpCJ?Gw~#EiZ3YXA4ZBVjy6M=fVgZKy92XaABXZzUA~12)EzG$pKS#U|G!!D||RA$t+7
vC|!2Y8VQ1lN^(2Ir`FO9{xu&s0ITobi^j4az$OdY07k-F(AAI2#>WE2!h!;4vJx&P5Xm-e1weg;3kPA-u_({B3S3klCKyr}xEH`9Pz1PWfIKE+E;E#yOk
jg3$&zwcSl9`co?bFu6+^@}+A?taR6am?QcR&TlTQ;)V1xs{hnJ-&Ind;NA~FGlm<Tvu>lKY(9gk@Vss%cUsvM$FmCOqE#JI46golj}kCw4G=Zy#1q6K~k
(sd`lC&q{2N?CAzlt36CayCA#nPz+w?AdTsnx!2dS4vG3!aOJ2YAxH<nhA&A48<iKS4xws@$FD8FNfZf6as2276P!l%;Nz$d?YG}Dkr<k+-`{D0~jiu(U7
A)&NzcsUg5@?K>}PTG}2BthxsA(8Isyycmn#HV?ABeHFj>tc;e~;n@XIv4CZ1AE15~0R>!O)+8*`=Who3AGTIcGhjNsV!TLlY5&>k<8$bmVPiq#xH71CDR
#S)x_Ri?Skd}Qs_%Yb2GWB0vAuhT*uCmO0nKgdDg}UIhl5wDwj0=E9m4xz_jP!}b9krebHpDBRk&Pi+G5)-$a@&iVAe%#t`^JM>)%1+zrm(q`*v3Sy!ZkW
G81VF|qV}~jiuk#O8qXA^D8yDHSZox~5UwFF%aY3WuoNFH>68xfiY)lFPC^{-g57IKpsrqs4Pq?J@?3zI#dd@J1l$sdvJtQ~<M;8t7?L<Bg1ZC-EMF)hh{
j!>e$r*2J8fgQkfo8)ibNpJ>iLe$DLnQr-CC+#Rq0t(d1Lv?_-t4|@8jC_nLuNY+yLxHh*B#jvWW#Sr;QV1yq*PB2p{4Ma{>@+;`@SJsg0NS%7VhPJ7rY|
`wYWS7e)1d*_}XNNk(5t=KKO^kL7&6SP00KDhw*EDX*wp>kxw#sDIM=F6WoKS3#{9io%xlee(e-UOpZD>IQ?1v*S2AV0R)$kAD%X;t+nkT{Rz_2{8Da03>
2lW9WYd`Zb6Mkx$3>^DNE-@~L^L<5&Szj|R_-pNkmFHLV5VE6mE-ig*k77Q#%b9JeqF<zHzw-xWTfwiGqL5S7n1#lx<;-cF$@9+Z78A02ZrixSpzg~@Jm1
!Nr+?<)v@S$g#hyBKo(Wkag3&u<Q@w>Z7}s{3!eZ!ssa9t!qoOEwpk&$Y(W7ayc~=yyq+@43(ly%LKmsV)WE#*30qP}%|Be1u<NQO{&DthSfIdPJ*t^|0G
93<jiYQ2p{Dw4>@1ayZO_;kH8#hq;y^=cl%Vgoi~=gR$%4H1LgGETq<tz*iTGoR}*mJ~;s_S4D~V1UBa5>r?O#J>?}ss}~>KbwlA-0|~CTp1%oo_4_DR^T
$muP1!EF4$CP0rs5OEUdz9M(z_}iFtai?Bq$9!>^lgTL%MU*<^~6o6Zb13lgN7joe1ukLh@x-jKmv6@TYqxCLQs;5t?4s_qv$0?{&>c>%JM2_I<NFH9yz%
9u{^mg2X*6#`<2So$Py9hI^S<kF=DMc$g2HGOD+x#{0Xll<cP%8NB*Z%-@Kw%SgN<2<~>1`mJ~kiPwnW;969U^3UEz;xQXh`6lw7DzllocZ%S~Eohv$y?d
zkcA)l}N&0ojBwiPS2bAIIEt+2BJ<=iu?f2ss+GZ8kA==k7l{1*ii)aIj@3Ya#O5c=}llR6`-TRDGl6+>TiLGz2To1ZQJRBE^%WsD4JFPGBkfpSelT`OU@
x96%V?4yE`{2fVo%u=btDZ%2bYW$Bax`$0El0K->2iemsi=~~!$BJym&5W@KO(#Bi1S@{IcdjeKDHBMVNWM(G;?5BiySy|97H_X`nO1}I;;3vbmmda%yBY
vz8>FyIMwo;9IZho;*eZNK@}NE#A)BS*vDdfP>_N_G5_`4X!DXWJ+;79`<;P>{h?o+={s}Xt^I*#qy4wY%lb=1rT@r-@70P;Q|nGP`m5i||KHDw5AE%B&E
H@5^!n1i124Yc_xbw=t81sP>3jD4m9?LJG_TfQ^>OXm$NpV=Ebw_PZ2S1j>-y(y`TePPr*L&&KC`E<qW3?wZ+JKM?|bc+ePz3r^bf2r>VKj7;Htom{;DS&
13!Jv)lqlTH63;T6gui=d~mSZ{nvxN?|po*cgy@m)jMiGsw#T;yS=|IZLfRj%UIpd{SVebK9&j(dAl}D>N~wDdOCM@PT#J`w7#Vch1EZ~yT|K(dr9pV+d?
(lj$W*}web7i{Dm_-|9JCH-e91~yXM6URd2ohp{M)#zj>eR{-o-y*+267r5~OSRIWL-*!@n;&5_qU9~|9MweZ6~coyUr)ZKOOsnajN@LBJkHLLnpAL^`$o
%~+!rp~hd^YWuL$EC-6cW*wn`io}HJLoK{+VihZR(oEV?R{>_bE}Rx{=E7Jli&69zqxJIuWk#x`rtiRzS@x6<8FPdc=4ih4=lQS$*G0EnenaFTdHeLpZxn
(eam0D*L&vb`JT#-<KB0UHuja=KCR~IX+1T4RVTea-nzJISKz4UVRuLEGcSF#dVS;THMdPVRDJtzk9fNO`$vzrdSjpe`PaQRSKG->cCwS5hVEAu5&PB5`H
_`Xh8?dV9Uf=&FppcETRXJ4Rmlc>ziscg6XRBg*P6tw*outDt?2l5rsGyK4a{9Y#j&nP61O_ifZ_n_)03l)TWmS9<tQ<3HMo9k<5s~2GHyllv7JU1w{lQ^
hGWG3M!ki<F}~tf1GlCZw~92{yfhTQ)sZni+KBjQQdat{o#<TJzTaV|;n-WOf9f~U{HCQ$-S5EuA$^}>tnMY8LH9B`)7;+`-DUfwwwxsTrNJ#E9{pU#Nc~
bQC-i-yJml95cYjC6c?u284WE^mZGa0=9)@Qn+3$7Sp}{A%rYBdCZRCF0P7_<M@csBRTS+|pq>TQ=i<a<{Kv>S)!`$y}zk{@MG#}e(cz${2;>k@}5l`0mD
mQ+Abl~pv_IoW~O^%24W6yS*uQJP5_h!jC1x*hpwcjmJ|1NMc@%bm8chF*=dm>Bt!`!cL{2G$GH2wN6&i3nV|0B__uWu&t=;yje>eu6hp9jbHneq7${ron
)ub{`HND)@#+tlX*jc>@#^f?p#yn_B-+~Ms*==b8zH3%d8dyWByYqQt@!?HyN7(Tnb%mBk@vdawc>@@VjVcymUwmwMQk2G;49(o>_F?nvA&=14ikDQ%C>K
XdI)^;*aspR`yz?N@Yz7y@en|crY=$tR>=YUnaNcnC-aED0o=Ts8U>b><7H{LK-&qat?@mxfSkY2oDaHp*cE=|1QNS4GK%;WpCo=RnJong|CveU%2w^caG
B$9aeg;e;3TJ#ID=oena-ve;T<@xC>ic9NXe`}J`vlAD@<ak&=v_z8QVfl~jvF${9eAShuap}>b$7?n{2zs2!>gOx!(fg$AdunzXjvs;T(|LvFH)P*3)Gz
jX>G$u9)jhQ!+Fl+`^E;~D_uKI;TTT+6Ln@%c6!5)|MtRB9`4Ih{z&s}CNG2z#&WG^(Eb*`LIiwpH^4=Oe`<Z8ems0TcSiYRPPill0Ash@Zrr;&$KZdWPV
AxlM0iI96@Exq>2KX8ZUVv~gd@ThRQ}bC!!LB6x_M-dH{_B3D9?7-dw<8Cn9>M3nsr_z83{&(3(l@rqUDkT!40-^t5&u3m7W-8F9PHC}(yr5dY^QYhAtSv
n^t-ISFQoAmm<{6NBgd2DyAj@rr;_8HM+A)=OECb{UdNNk(Xid_IFuX@hg<3&N-yrxaxgg_*7K1EM#@*i-OmnM@K<M+$=O()N4+~P&!a9KJuYMkJw_`Ybh
RfN;z8MOM@MV@O0r`8E}eW=dTf1Xq{nv8#MXBwCZxU_JNn+A74+5o`YHN(<$>h*I4;uEksJ@lTb++5$Lm3OEk{%M;Rvtl(G>na-cKC9T>0v7mfE?|qQ|kU
(qr_eg6K~SS$(3&>XS$&pFUFCHTfiznxDoepi<zG-(yPS6HiI;sLyjTL;Y0QP(MjF)K8BM^%G-OpAxhBWSG^b!K^+3=D0*&%Gk;COIc($CoyLcJordT0%~
^b+bQfOwy)nvj)%_;S{}CjvGn+==d#)#X8!$OZ&=W0-vp({V3yEhwBF<O7ms;7IlKJK%+cdqR?y@BNvZk`
""",
    "keras_2.keras": """
c-rk<d2kcg8JBDf;&5Y*1}A|a6el4B6v^hWWg!{jfCC8#NEj1FNNag5ud`YS?aDFOCayyg(^8IxB&KOo=bF-){y`HuF*KHGCzH6-lyQ!>WZF#pM-HZwwjP
GGbdrYd@t&-GTCHTPGk$Ln&%67*>)YS=eZPJCcGt0~aLPQ5loo3`-n#I14gZ($E9QSbk|P=kjxe^cex}{<Fc~CRS1TE0DL-Sd=ndt@a<kE7Sf)4dQlyI|T
FFLnzo~rHa<h4Pd3lX#g{7j>QeI`~bjX@=zT=+p^c;;w_|4?^c>GKg<pmA-{EZ=+6l&s{Tw<$6Hs~>ujF)0aV^fInaC{F4T4>or6D;du2%jjwUVcohl;7W
OfC7Bgq<D-A5)?x;h|O@p5XtYNiM{;T`0ZWMU69%b$6^}1mkETp`-Fo?gAD}dX?9V<VHev>1O(|_Oo*nJ=_{Oq#<;!WK0_1jC%B4op*R~Lf~>H!iJ)1bM?
u2t6;%p%z-Fa-%|ao601OyNbqeK3FU4|XkZgn<m0DIRPcaSt5W@@dnh^)@<ZDP?0h|3nA3;<52%#5ol+K_s3d&c~hl&n`{{=M?ZIsyQ<z}Zi79O2kl)ii<
!HkW*l?YM<<AM56)l@@>q8nXNgNbu0JEOE3GtL;@?%EZldXxCCz0>I&pUP`VhDV9AsvF_4Bvl+@C{E~Eg`i8`bXujp3#Laf&7uTLx*8~g9jk}$9YfOmd7(
H;7%q=}i$eFKjw=je1MLs`xd$1liB}pj7?u=4uYQh%BSOC>*pG+Epr4huuihpYJueWVc|1w2LeL2PQ9L5*mg4p*9|d*tU0}uY#vxV497s8IBe+q5EQ;#{z
>QV%c5+XMWQ4O22ezzCAdeies5h5cs(*a$IJGt}Ir9lyJ<Ug0B8ct&TW$B_Lf$&Tev*mulA&E|tcQVIjN?APkM{;4AHTz7tg7PokO7vWMTnY=CX-p{0WTr
y5>(21i0C#Nc<!2Mh<FK~Z=#KEVaRc{>GQWzjMpU)olFlGG!0o*h6gU5U`4BvPJ^<c3Wb!+O)8Tvdvm5dUdscfQqYDG{aRV(+Q!B>hE7OFk}>QFjXNqzNB
)#40dyp((eri4m1a&C`*xLILnJoiNQ@ac#Euf6C9Fpqvvk2L)H}wP(aTGxAmk5msMJ_vl9cjjkm;21jLPHp1t^+~mKK<?4``hq4k2QW_Oq-wFC)Y+c29^9
nkR!nzleMv$ptBo*k^-}APr7X!u1GAd7DMU0UDQf@MXt}fFr>W<01(!8Kn1)?c~Q9U|j(+=px%lPYBo?IM_mQF3^8?vZH3N&X=`1-=mA4=sl*<2)`0xqD+
`oGJ;MSn^zvJt6g6_<Hi|c0i8}WMU)y#S3wfWM{mR9Zjft1-UITJ1#rJsJXQ+!&j$6Qat~~~=N>`&Dw1G3BSliK)8I52Q{6pl9YS6YwoM=(Dv-<Z6pt11h
zW!Jz}PgBYZ=4qk_7F>!*5-owB1}3jbBY%{NjZ18;xJ+$9jrTyh+KCqIS1$-cqaOy*kAC&>DF=qhPzFM#}ZD{aJFkzFVdI-0eUf+Rrqk-(Wj1T|Q2Ip<E8
NpIlGz`~W)ML~-ooEF8zM9~kok(2kBySB_&5dr1?1OJ;z0Ix8B#g>mt#yH3vgOa{5%sJSt<{tKtv#P2DHTbSRVjx#iV#FMK8fvSF~QXJDp{N}~!@_2&c7^
irCph(i07H;cgdMxD6gYb8W4#p^n7!>ha!v2DS0<9Fkq%&8j)m*0>(faa2A5##X1V=GitX>ZKZAXc^9Q5-qFHo0*{`B0!ZyUZOgVsv0(G*5-7B4Rqi_X?B
0_R4rnXl8#e-s>#k3;utNumttQCn8^as2d|@ONf*g)h0M*|*xCwSN5MN8z20V*9bjPTRh_`*qu;kM9`Fp3aWX$wi&@GbgGy*UYP4I`uB=(1#DMp4mOi`pV
F9EB(pQ>OS`i)yGzU&l;;UX-rzJHpMy`nkz}5fu$#>>`wp6ZPl;;;f;Y0fB4{<%<1NndHJB5U;O^BRhQf^S8ZL&S+Zwqn(K4X*0|@2!{@);5bk^J=i%n9A
K6w<{h6)cHN(K+4Lif{Kf6Bs=^Msy_H?#lelF_lU52r|e)``Q|5GQb?{xmB`p!2_RL|;es;s-|Gs}|p&n!<JJ7LM34K|nNgAH0gK2m=1(8XW9TiaHiIo%w
%As=+J{;ij8+3{6n*@cBOBS44q+h&lLgS-OdD?q*y<f}lw8swEAuY&b}3eBKGGpNuEDl~%%&7eZ_D*5%5UUhzPYGi)#gSqNsh2t8Xr!EKkUv|B^Tn*&e^A
lXRLVs7PE(hl=dTz=#Z%&s@^e)H;oA~8tmu$~noif;MuC!-PH>VfogKoYl&{(hAa=mq=_D31y!NWJ_gKqxxY|Frs=XVc$)B9oudGHsD@<BJ`@9woMd1i%W
)vLcvng?qU9cd@5E8SvcU1gWkU1@sE{^s1$aNi~SVD@xVX2?a|y#LP|*8F+e1D2Kr&s(K<KTXpNj{WUs^|Aq|-$m+jaD?*~tIKsk`CHWGpyeGZQ<sBu;K1
wz*Vk}vVoqk_y*6c->M4`YbmpdS8an&RK<0GvlUwsaCnfI;SrXk(9$qS+kH%?oCG>tWybc?=T`niAT7)@RdFXm1NCX04g_IV#K1-Am;qrn}%JDh}jLT^M)
P~&GP4zkliJufiaMy;cV?ysQN7i3d$mROM_Jx&`^ZdoTKVP#<+IAb0^8+i)I6h%NFy;p!p1O?6^MYoC<JC;a4~(rBDP4xti{KciWUo_nDdONJvoZ(o&1rr
7VB40pXpGS(AWhKsb(CW~Wd>V^D)JFqd|DeX?xK7oQQR%5!u%V@-B|v8Wo3H#cRc*If%}QQmC50kuEx9(<2RN!_E%<>H#(5};3$r9%5-dRuFl8U{^G!b7~
WWKNsc$3wqiVG23v2g`L^*!^!dI-akuVnxnIR;a>iZwd=Fd?b@ZS*zpME^m`^#BTHbgH;C6Uja`<&@z}Gz(zp>XnqwCUp-2>M_Lf)zClJiCr*miVFIlNDI
WxHHX{{Y~xJLLTuenKvH1#Fidl;gdpMlOfi545k|I=S3AusyO-?*Hp|%jLSjcAq<4u|3ZGM=hBDSRd^N@cR~UO3n{J`?#_m#hX0NX;R_`#;zZa*2>#Kag5
XW`~d2w67hl3&6p2hKM>0YG@H`P2jbzk3$)vJe{%TkaLD5}PLmtIddS!Am&?U_UMRBeWrA_6eiOn25gg+b&ktnk8H51v6uJEjf^Ejy@beev+Ae)@qfNqCV
FY9DE$U^V?|yTux*YVCBik^>Qj4(<w&erH8Y}-{yZi8$w&UK*w$#7xWOTbSqwLEItmqQ(6LkI|5kG0$iTO3=C$aq6y(2sPdIYw+GdcWT-i2Hj;54c63-P4
ism`xcz0RP2hrC`C$2cX+eKPfKl40OEa_oImtGF|t{H1m9{ceN(@B6k5esg}a{Uz&(a36iyR#IMN|Mi)fc61%WxrdVD-Bu^YTXuN&eY^94cfau8fwLvIby
WA?`Ds<$`7h-DQNriQJeXhN_#7Lb&$*TPCHj8%nrpW0IO`k;z;8X#_{H}jaY_!q(2sR_P`pVgwf7+lBC%Uf%G;>}+s$5ize)*&-y(RQd@(-G_a6}bC5mHx
EjW&0KM?zzevel!Cw}gT&lNsVD6>n`1o5i_FK}7Xk{o_dG8n%Yzp?XtbuG#~EY;8R!}fYud3-trwueJ<e2#eKawy($90T8fpn*SOlJf&)d*tUICwx67@>W
JJm+tw}ix11|MRAN%JU@`N_g@3gkz4bn?#EuUjqbY~zTLep{LIO#wx8Awg}=JXKIm-SXs@5534eZeddz(3s9(KK=o{%E#+y3!(luY&0a!t9&zE*t8u}ZG7
FJew|FJ*r^DhX$Nfe)TdofSP@mb;dmr#0ndOZ9FTBYryZOP%6ZU^&K_*7#2M$MC)YE$Qz==<@<J5Pf0%eq#1Jt&TG%65!*x93BQ-}1lx_9wf$>_7f`za9O
?m}6gZJo0phx*YVm!=37K(5HT}A7d=Z_W^X~1IFsR=rg*FEoU~aq^mNgo00wbpqtPA)2j~{K0G_vx&Jqr)6Lh9=7Vk)Tld<Z-qB{)Ioj><_#67%aw7iL^E
kf#!2B)t`XkVto$HTL&~C}&(fGydHE>D}ztE4F9!K#8{9=mQMXx`Gy5;SlIL2vwegJ)6M#6Q6hj1LjejqlERUS-l9D|8s0wK;Nu4WXs(Ul-@od`?r36Ts(
5#at8(by>F;&GQb(l2+K^pwbstViVf!)bEcQRMya$a})leZSaLgVa00_mxeac$%$mp_z^-Uqfei0`{hhE9_;fmf07M>>G@E5By>Evd{+}IErzlj<Ixo_v`
pENg}tu`_=1z_>5zdwqRZ%{7CL%O~+do-mU@uusBM#OB|t(<cLOsBaAJqpFxW{-*L})dX7dT{AS9E3TtRQex`}?#uPkX*6MtZE`Fky*O>4tkrljSF5jlVk
)(}}kd(KXV~x!#9h-`#N@u4~^D3YJ>t$i<|G+H@=l
""",
    "keras_2.h5": """
c-rk9eQ*@jeJ=z!NP<TZi6DBMh(Tkx3lWk_ybBT_QiPyl!$-Vqa+~CE@59@@Gl2#pIEt;sP*FmuG*%h0L)%#G7${t5$LXZg)`??3a5|3s;Rn-cI}D>O9j$
cV?t6Rt-tFCOzH{ci0hZr;zkMIS{e8XP{`TF|)m3ZrX3n3<fMPZ?*^GtJmaDLIypF@Dy&hgo@VXyfPh_F`X>waWthd1aty2`Z2HyC<eQVYL?5jjkCsLqX@
)=qtW2s)Vss>zZA#8`&{wy5NAM|p(=TXkr+#(7R91Mv*zi$^8*3@bFwII#7vmw8de4Wcw!+vHl*D_}2VJ^%Ho+uX<e8GTJf4#{h-)T|DGGpUTi&x2YxlAS
ezgh0Dfo*)43wYD^GgH$~7B;UuxgUidjln>ZubGkO#iZ<S&8&ETQ?ULla(`l&^#y!^X4GZ6{<dYs`^!$D5A4(7^JI+agWf{O7gRJRwLa(}?9c#@WNL~opL
K*3xYdO4Oc)-L_Zm@wLs5KO)KB$N1xDlNGACevxssgZGd$ZS>6`%T=M;^TR8CB$xIWNar)%UI$atOxo+166s)5af9+(Pc7s1nr{-$fzvu^dK4e|`EOrn00
N^w!KqsXr47FFL!MdSiPFx<okAC2n@Rewljx2=(91wp2O&1to*jRYD+Nj0*(t<Y*yl!sKm+lCNiMFrYq4Z}9@pjHe=IH^h|rXa!F$!_lngd*Yw&`fmOz>1
A69v^7-2rX;~U~dmZc)rlOyiP*(ifwY8O<DpgE-wbR3n4ZvfXXJ87r?k-wz-+}YAVpMO1}<p6EHCHvLIHwKAJDk5R3%8o`AGWc_nocBDtE4!LXm@eY;rDW
fD3CNE{t{=`Ah=LBPL&CTy!up4uIbI(f#DH4`<9_j7DO0+oAgQ8w&j1C1Q4(Jnh-iV2I~zFk8byZmQ&dtIF#O{yeD<C4(Ai`op*AQJG2VEpA^u@XB*l^IG
%A{%ItF$B)j;A4e&Kayb&NETEwdZG_3O5!vy1&LiF@^CiU@)v2^1$nmEBG&Q2a8TS5@HI)KAr>QWGK(Q1hPh^+AaY^Oi|$4(U|z$V$2Kk;6!7s=j|o>VAw
+oTfh(gz4v^=g+alA}C${Og!ak)b2=a3ii7pcww7jK0ay_0R880<w-OoJ|;R1kKN!Uxk5GI@wl1brlDE;fIqM?YBqOOK5P`od|v0*Aw6IG;iSmSQMtwv0c
!q!7IM99j>M#dlXOA;3GOBME_vNEZL3kg16<{^8L-R=N0kTB%M!cK)oRy#%mC$eMx44YZMf4GBg3UGrO(;tk2eHXC8W4&BBG&1>Pym0ve>$1J_81y9x+@v
QD$~`&)QKvOCxa!xlHOLU9wlS-`-XucADlJBYMmsTho1qyMTDRj1aSYGX@)QrjG&rbf$Z&5<dF*-|r!b>d0+fvd@OR?w66x#L0i<9=B(dUyDOm08FlMC2k
>q_P9~1<6!w3|i@JNIOgyh2Epv+Q!P7M1Rl^#h3zgN2BUb+2SVKx*>aM#qWC@YJB9#=O7)S=l1A;?EW4vsA;5U?&K$|%h!J`qT5FmDuujMv8FlbVU((_S4
B#Gv1`%FFtbOc*sOy?eY|Bij}qqLKH7fU(x-Kt9;ON<5L!0BWKvAK~IvKt?$~tMNZ2$fIMorP`phV|+C1lW5Wumi11fW*R$vqO?YT$j58FTc6<Jxn{Pp&7
)F6)5=SVLXI|uS&>67fn6yjD@)2&mfY!Bj<mf)nG6Dp;oNYi!ol5PUkQZ9FEoc)Z`@UGkH=25agMnD#N#3;-XVzq7E?i2$jm6@qV_A-!x#>O;yO~nyeZB2
s6Qw|Oir3OOm33+O&)`{%kx+UG=NhMrNgj|dR5vL<pD6R(QEe<t36oM_!!=fdYDbDr%_TSqIBaoi1i>J!wCcYbBOf-(F1MQLU=yB>iDF~02`ow=0dzhDey
HO7P^hO4qk6be;+pWc@Td=iu+_&1df!iOJ9dd-|Kbh>rm;7=wO3apc0n(m!%t4oga2zH2r-y5cEtjp7t>?3-#`croZn-c%6rjN3t1nlOA3)5f6qtRlXqlQ
w3v@9$qvN&z5R_@yEp6oN9g=yv3>J7iSBVFX!s_r{XPPaCy@9r%?mUt$KLTM7)9&<7(6fvoyszw0O6{cBJ1VBNCR`K;;0X)Xt#qK4_tZ7FuYbg%(<dQ|{l
msmjD;sr%GWHl7F21>s(}0Ym$g^V4v=i+-4k5SpBHM0q15y^`m3F^2QHat!60F^2Qaa#Q5TFh$Cx1<S)?lILa8Li4bgcwQ#bBlU$i9^%8A5!GAM)$y(@#m
BM24P|8^9ye(z!tpvG++)Y}n{^eAR}JBo)vz7u!EfSt%m&!Lk-_%K%qASK0K(Oqm1`-iA9xVQy8_|-tq>o{>rNc66vDOq(DW8bFFcPlpMjxeHKA>`)eUK1
$&}<UC0AiU6y>v#C7He{a47J8Oy4BW`wW%fd`8RU);CD52k<bF8fRDKcZBRasV{P&rA#I#>GD2NUM0HD(lGZdXsZ#N$0W~JJrCvR%5r0J)W3qt5tXC393g
v_UxMRlLbP&0Az;<+49RYrRKDwR;C77UV_KLb_H?R3Gc}K0@ia_XN(Fj9nf#hB-#XiR6MV;RW#*Zgd5^*NsnQby?O9n$hi0g8rkE`7kuN4@)H)&dv8sPjn
HnGQU+<lim$c>33h~rOe~tFNx7X(W`>y-?zItb)`{jxwv2Ok|m!-JO{mWB1?w9_1_OxZmx66BP|F~?y#S-`86@~7F7k2e^1s^`;nz<@=?BX2P<$ug~c}xH
4T7BSi*P-UmT<X4H-y5z=yFQEET7P%!g%ej@FIM-*zF6k&tBbC8*Jd-ZPfyQqcQ_k*8>TKSE#Ldc-cA48<9=#yhx-R#?s3<4@Tbh{cb-~*Ctvnya7OtPw)
ao>weR`WqKY>6^AEPV%{9B-C|~5zo2O#4aynv{>!-UnyAM}<_|ylntu=Y>gZtie&3))C*X0kF_Vosily9uOw*0nf%PRWc-?B1iZ*Il${yQr8k2=e{>t8BA
xbpD|>+vP!Z~gwv+4sM<<*wI$_qVdk^{<p|zD;zBNAqIue7-K${l=@YmdziyR!;koE9(v0*#qmg#@;);HumwEqS(8Efb*?4|LqJucclFGy8o2le&$Gd?%t
-->II)T3wD3veD2^8XT^ul7GHek;_L5LwHB}a?aMbm_(kdB^9yqppZw&q>*&?&zP*l8_g7g=#WkC*tGH10{fa*y-g&m**h6Q(>iY3r+;8r27Q9g6T=9!vJ
FhhDbH6<&Kh}NO-S^(VuD|Oq(;sl|yx~|y|LNmrEq~~DQqHD@7FuYbWpI9FKDJ*SIX|+b6z!n#vVVfnLqBeHVfEnRRt4+mew*&M6XRC<SL?*BJjEj(w<6=
$BOSN0XqekV#IdeP5x45Bf^mSg#^k8u9x6vvjuPWm18c`NZq-tS$E`>{re%0>D-+>on1=0dR3`B^CRW_4f4#A|RfryZGAO^*G-7<T0rF9HM*6K?@Vzw6@1
SKU_7>@%%8ewyDP^ScJCJ`!=2MJSUcxz;m(gW#f7fz9?$^^Yx#a}q{j_Yx@zBR*<aci9dpN|U_Cd-CnNO4p{hFcf@5nfhHh&O&8>G!o1mEy!&zG7#rg5a2
jEEyCe%=&yzjAJiF+Z>NzSMX~-}F2{{k)Oos~s5<pCsvFCj4BB{C|s?QSD;tb+?r2M_9Tugg^A{c_+-DG<v>dejSZ7QG1?f&r7%Bc<@78z3;m*IUKA#C-Z
*e=SvRFo|ETGYU8!w+j4EZ7Rb&54Gg|jp09zyxA%)QF!;9j77ctIlRVzru?=dI9meD^<e_p%<uEbcdu|7gH#+g&EY-j2XYqaRB?w!*guk{8$0PZj#^uH;P
cf7cd5XRD#`XdA4^dq(KKp<}8L|)1x3{F8N@s7oINaZ%WpdlwO60$KaXfSw5IUrXJUdD6OeC#c%pW&-?#`fiQT*3fE;Jdl6Z^fX@etiFHK)c?<=;o`gfYH
4nW6Eb(V|B$r3Xfjw=+85u>+p(K;IkFG88`o*{4>X<Ts_%jPUsATu$^IFv_b$=V+3VI`W)PF&OgjT$JNI_%BM0)_ZR9`~8uA&z;WiHw!e*M&&gz&Q?I2=R
=;$2+niV%5mus`JX&LD3_@<rQ-i|@$T7b|4PZxFgG~rVy*^WO2EMPouh%55HL6+bDjpa5%A4Ke~StD7I+VW=Myl9y=&v^HxTebV!Rs(_$FdJD*-QJM&rHV
Kt{heB;#`Epkh_u6Tb(ho;&jh)g6PeGbh@RUr7tKGx2>!C-FOb&>S#P!cVLm^1entK5BvIrrX<$@ox`2C*DpUCFNg@zf;qO<Kg>`<oN;Q_g>aC_6gaYi&0
!INIpjTwdQdguNA^w`zGh}OQr|%cf;q|Zg9WULHA2k4<zoFYTI$V(aB55R{8fr7cSrCBXAFM6z9)NyKp>`-;uuPd<Mtsh4A?UxZSfK$MI?*-1=&!=z;OdO
E{kqc?qHKq{dhGKYOSyFk)XwyPM9w3_MBwOln^e{mkBdqw8lT<KNOJpq_uy82=VLP5mRvzlr`)>yu;aA6<D7_fxFLU>u<v=TFNMI3CIG$Ui!95XT#U@TKQ
)eO>(%94`dn&Xd$XO6?zgnGya`$9IkSNBR4yE=bK+qm^%AEmJUP{)s}5!VIB@zW+h)L(};m^_|rJp#Ddq|8eEO==vYyXE#gBGQn=1d%>99ta+C5uo1mT`k
(3aV(ar%FH*gjs244VzOH(4M@Hzyfy2i1V#^`Q!{g&WchLO=MvrGQdOtzFCrg|6@k44isohM>TdF>a<B{LR4L@&btmL^XBjlO<F5mL9F}vA)l=83<y-3E#
)BcXwOH?mXy_l#M>$|@$dhwNv)Qi?vjOoSRZpy>s!&g0YKY`KXOh)e~$o#i-c9VIH+D&RV6XS4QME>M>#o<Q&{QdqU@;$NQaP>boW;ZXrN_p6bUL^Bg(w@
8dGpZM<UQE=BJtx1edht&gp%+6v#`L23r<8{W<3Eqw?~+`Ad^FL2mt?Hy@li(5<NtnEp|k
""",
    "keras_2_10.h5": """
c-rk9dvFxxeJ{KY2zaR?CyJio7225GB^S6{;$4sk!SaYG7J-m#a+~DzUf%7+5DX1s+c;Jm@Im6M@xe%~gHf<1C<o5iPG;;l8K*O*(^_e*$RE^F9~C>cbid
v2+uQHEy}M0vIdbs*23WrRe&2I{@BQs}4^~yKnl)qI3<iK+&rD_vj1ta6=o-MwsJ;$fb@18=uLrZx{i$M|5#Bez{!Nplay4vt`^KAZ2H58bkSCHSU5pHcO
A)GWUQrFMn_<}uuY*}Qp4ac<Jhk_7?xtowB$WLD-tBd_aY4mBCB5b)88-*gD@oVcOcm^BHgg4|XYS^LY^b({3x?c&pK$*wolb0NkjK(v<4%p<67OX*74ZL
hvA=q@;cm|7O4`p1ML${Cyk?30Nc+*?_cgkk7;#=q!u}d&NBf(E^=A<K<Abc*=k_(BE|c~5iZ0sU<OK4-JPkfiMw>k7&xdqDS>uwH2YrMd8uB2Xnxsl+9R
aD_szZ1>3=i@9xqG0#;qh@%KUGVmG8#XdISBj97Wl--c-S3+%<-{aPLeor`9!CS$^*r9nu4zZk6)%JPbcd2;`q_>6!;gFrxN(n6zf^Na>H721|}v}J_%4%
P-H1EOR`0lHv;gSFXRt4di?iBWrZw11lXC|;9)}{aR+kkrrcFwUjr|QM%I&?Z_1T~hj4#qE<%t5l?Bv_GKQ`9fctzf%n7%|?F<R!tz^e*e1R~(7E}`**Ry
;>bFCXx*M^$e0Kner3wu2Irs5g_)y3}+@8t@MVEN)A&^#1igCTIUk@bYYxIwn5iE}A#pkbwc#YRBIhzo;Q?doW5U%fx<bJhBUg^DYw5fI7MtoH}KtjFEPf
-d9iluwBhcgNJ0mtaf4zhGC`R<}608!R>AoCS@>E0*u&Sf5ao+T^ydK{xAb;NTtQ!c`_2vjJPTD)z@L{@K}HQ=_&ol>)hOarVOn>S~Keun%FMn+G!}1`8I
*vPIf%0f}dQ%_4@-W4)UVMf(vHyiXudLHY4+urPt%z$65+4U5C&iWWeDqCO<f7hA?^k3Z<=H~HL+!uAl$32`E!p^Xf3P3{oS1vwXLjcUNW#yF2HT+koF$4
@*aT)lu0_6QGM8WmE3I3Lv-ac|xH4)t2tr!a+(_}qA+%a{r!eJLKg8ePSbUt;>Yjk_nz`M{3FA+nH+AQAI~6G+mASf&0|#nPzQ%9;|k^0<8*8>EaiQ5j2x
G;RXaszn`1WIcMNgfxz*aJ+u6z-3{taKl_sS}NS(0wK3Yq#|>H*=zxG5HQ5$!cIdCta6Ncj%U;T6q{JDcdUbM@Npv=)9Y^mei+cm>0T}z8ma#@FI;@Us)R
2+26bKnjnp_oYNNsuHA;0uihnho6IDrxb<GNwD-J8ME|+%JQBF^8sBvETrmf_XEMv64N=Bh5EL2fsx&>AekLnOfDtSS2DS-VGHJ?ZypavlM!#s%<9Zte(Z
<k|Aa-2!@J3anTNOUNHU<}<8X2E81!JuCxD=)_f-3?NoB$2NZTC5Z6e-vZ`ffxf$c2!xC71SuZ(I*eh)`$F_FweoU1%U!qCPg8I8AT@ocO1+c1u3I<qw!0
{L`ZqUdgII#Re1!a5~FrOmgkTvHA`S!ZY^DIEwKQr&BZmaJEVFfGc97#Rw}~sWtI|~#ad)RwM9@-mx7)wMYiSEW#-~yOl@1Z8_dfADSAUqLDm&DN83@Xf<
f^M0hCfn8HYf4B3UV780ZSg1BEz<`^93+gh6o>0SJ3Vj%%QHkSLj%N#Y*aapEPjV0kt^k3zs#c60Q;fvA^Q(r&&?wS9@)-k{pPL~fr$tfxU>P+n;GJz_mb
hudL5{c>VGfRsVq6|j5_ysBD#g@7icp5{Qj1qtyLHVmA=l@Nc4mUfEC&xQE&6SfnTy*QFlb$_k${$8cJzgBsF=fV4ET)=6C_(Lpg5jwgW*3VJH1A~cJ(S2
3v&#LTie*FHd%Kol}^$V4F2{r{bW3D5fTY`4rVWVa!e5f}666O4_k3ats<@|F;I)AS;kp&~1KWrwClW6_`cTv*$OFb^u@H_$LlBCa5>Mt)T9Z7ggHP9u%{
64Iosl;;&mIo395Kd30?;0pjpg@5F1qu`{Cb(_=hDsfiCHu{R$#@<>H!Sx<hY<Nq!&7m*(_Wa15V$n=5#^1L`xQU0i_x6dHB(c*8KXJhEIUDd3{xOonz1}
ACVpNf1)7J&MDsF{9I4C4@emzWr&MlDlgB%^6d%U~9o&k1JdV>`fa7(+a-SKOZ>AMEUKK1iuVk=z$M6qvJZ3GdUoTzd{L&3LULGu0-6~ye@cz&pINmu}Hr
@&G5x?Gr<Jn+&vuAX2i`*|fkJQLWf$3;MTaL*I_r8L$&Sb3TVFDP+XCon=yvegj<xWiA#LxQ-SaCX|aB0gM#MeW3*h-H3%lw-n{Z7h@Y^W*Y@kz40Pn1`g
rCbjr?%D7!D$io#=c^7wJ~~&djgJPGQ9h!46y+nN&x}?a554a|W%PbT);pup+d7%<`YgB}Bk7m|6Gxv;k@if^W0x!qU6ynM<zvUc8pWnLrt9E4bQ3dI&&>
TXte+x0AyA){C3UEW5@(Xm03Z26Vn(eK!jF~hi;Befi2nLZC@m?WuaF=3<inQZAKahoJkz%E`2XHt?|h-WC-RKvD~F+|)cMB1Oy|G8J$AHx@qJ~6{7*~go
whm`F3We$KiPKtl>hDl$BY$`XHQ@5_~Ohwhs*X4$I3^(c0AVfl|%Lm_8fMcZTl*+sP3l769>;bo~as){HM@)e0$3+&O0VEk<X4!cN%`s-XCm#+;*UEpnu(
ecR4%n?{Gf(-7aT$hi72zEq4ucmv~BF4NfmBp7zJ12Re4Wb$$5`=i_&@I`!2%ohTpV(IW$q*)uyLU)D`?I-L8<KmOTAkuBA;oO|~iam?BNrsK<xmmcqWad
Fw}@4bEOuMcm!vE`{*k@vq|9eMunOOd8qKXTZo{?c*&_1t4WUwvof5Bpa|K6|?$vM&3BqM@R9%};g}79BeEh2!b-laKGQ*qndff7dbVv)hkN>3ROfbB%kP
zrEZT>HWfa{QaW`jurWO%7&a*lsz$}u>3E>o0dPiJG(q*@P_iwKj|u)TlZX9?(*H`{~Y{NX>Hw$rJYN8`xKwg{^{X=+t2LlDciX1o3fYR>M2{jyU}*vyi@
l2wo~?;y*>6bA1++Dru26UzWwIZg03v4{NeRime*JAEAM}2jeYOqR{Or!-m$O${HhxlO}pLxx2vBmZ+vgiPAQuL1qu`>jLfbyV*YCC>`1E(dC)j?PO$w@k
6WEwIkLD_-fHS^Q-3=)Zq>O`EpAnk^0*ZlzaG!Hm4S#`U6vqj)l~`oj#b+DsACP~Bg#jyajT(K>5W@8SK@Iil8z~iEpDYF><rzQ?Tv~!_Qu4DTMgc#Ep8Q
{2cL|{Zq=oXj@Cjtnw*h#Yd3r^P4hb_j7Hxg`BSl;q&EptmEVEvLo%NtU3m#7U|vSIM*pt)Hr%eKaB1@i%KK@)6~{xLx{=@Aq3`n$m6}J$CuBZRHneL->)
(-a9%cR@_(o8fp9sDwRGu%Dlh!y=bw<RIBs*`C?5~{Iq|MITyfHBzk~e*~Q#&uUbhRx*;*;cl=m|U5ApYN=XJoyYc-_r5^$1IEhR}z)KJSA0lUmQ0G}h2K
6V>Oj`rLLWjt4*0RsY^x!G|N&=Vab*^nA(D>2vaYNoBkieCw`^*8<*|uPB3WiLX(V!C3$c6lL&D@)AY)N+y21w_^*GCfl^}VW5`sA?3r^c<+gAINtcgd$V
NwYLLbK+_SK3a1r*}795YHcN&*VSDs=ZBk~mc>$Ld+b=#>dxG;XeV;SNHsOwu&P9@W~-5hT3P`I@9Z3VJlT{s>(NeP|!M4sdndqNYg7mXK;pL;VXUKIT`m
XnRz^hBpCF&^6YvrUQdWd3(kJ)w=RUdhmS(Rl4gKiv;(Ki<vge8&!Wz5{)4Okp&31kz8f9+KW9s7~?t=$ugW9WctPMCW>vkvj6+QQjY@^>8hmrxyQ3squQ
xO@6<h>i68q?EWsE#@Q&p#^xvI5$E}Ub0U>|o2vX|^8BD|X0t94{U?ie=g9p_FjGO?;HZnaiZVDlWR9YoN7OGS>X)FX5-fwWN|o{O1w{LWMEgZV{XC-nYN
GxcqJBOx{<XyT*AeYaMEmPC$b-`@R31=y5E}=u5x<9qj*P|iZ2b3O<o69mRlhfyXN?Z9me0e9^Sf*mlKC}b%?lXH=)3@luBOQEk9r@&>1q&`Pd|a{KXWUN
w;7gO+i?1A{wa>v1<QTVy+iMxhM&jrm=~aoK7jA;aCoB9m3o|++?QnfrLUdp7ph;P`UTNbcN>l;z1NlA=PLQ8BE|G;+zI)#T^s%CJ8(Hcfzq#7ZpZP^?+c
*cNf;~rl6eW$yK#Ne3d`MlaQS++4aXzto!Up~%1aoY(0K{+d78Tt<IBH4^BR=}TJ#Iam&x>t=_gdbQ2i3CU;6iquYO72`>^ja=skQ?E*c)tCKpYwQySJH7
fC-kX<YIl>Nirk7%LZtIxmdhSpA?>4m_ldek&fKdY#g5Ed6#plwQBF^B1^3*ayo)dvW=i_aKf((mVAV)8#knOEbZ5G(W7(J~AJsvOtS|A^9?ye%bse)h|@
P#Ojx`doLEhF~2ku{l=<&+T>!z5lX{a<RbaLHfcQVN$NLJxfm-K_4{!=@w*n`3chO@PrtDfj(f028~wIEP4zmZ-&pz`>`AZRc;Xq{A3P1q`d(bV*6qjfNP
4G!<9OLewv4oonxE2UA636WWq}s`Lh@zO{Qu{uexdp$R=?!+UMzlNWk$-yj$UnYvF<mNhPB8=GT%07JnbO$8>w83m5UVzaJ+QAZ#)6VJ^7M0`t5s}>UB!L
vGfa%lS`Z5c<$G@KWKUd_J0VMuiXc5Jd)n2-<Yo7OQ?=xFHNlXjlI9pW*-IKq_RMZej)iX>F-FtO7#oXFR}Wi?$Cwx8&mgtAKRcDoY=qjLCVGcL)zqGM?a
<E(dgUM=l9f2$o!u4#b+MKi1^HfqmQmjoIZ|ZD1D6Aew?8Df$hidFDm(wdVg+sLi%&*v*Z4r5q8}F0T(-)1p
""",
}
